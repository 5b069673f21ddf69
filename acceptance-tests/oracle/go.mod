// Each line of Talos has a module file of its own in lines/: go build -modfile=lines/talos-1.12.mod
module talos-stack.test/oracle

go 1.25.5
