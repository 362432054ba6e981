module gyre.example/gyre

go 1.19
