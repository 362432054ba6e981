module gyre

go 1.19
