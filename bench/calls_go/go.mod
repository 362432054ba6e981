module gyre.example/bench

go 1.19
