// The oracle answers what the official Talos machinery does with an input.
//
//	oracle run -secrets FILE < requests > answers   one JSON object a line
//	oracle tables                                   document tables of this machinery line
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// Request is one question. Which fields matter depends on Op.
type Request struct {
	Name     string    `json:"name,omitempty"`
	Op       string    `json:"op"`
	Config   string    `json:"config,omitempty"`
	Patches  []string  `json:"patches,omitempty"`
	Mode     string    `json:"mode,omitempty"`
	Generate *Generate `json:"generate,omitempty"`
}

// Answer is the request with what the machinery said to it.
type Answer struct {
	Request

	Output   string   `json:"output,omitempty"`
	Error    string   `json:"error,omitempty"`
	Panicked bool     `json:"panicked,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

func main() {
	if len(os.Args) < 2 {
		fatal("usage: oracle run|tables")
	}

	switch os.Args[1] {
	case "run":
		run(os.Args[2:])
	case "tables":
		if err := writeTables(os.Stdout); err != nil {
			fatal(err.Error())
		}
	default:
		fatal("unknown command " + os.Args[1])
	}
}

func run(args []string) {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	secretsPath := flags.String("secrets", "", "secrets bundle that generation uses")
	_ = flags.Parse(args) //nolint:errcheck // exits on error

	var bundle *secrets.Bundle

	if *secretsPath != "" {
		var err error
		if bundle, err = secrets.LoadBundle(*secretsPath); err != nil {
			fatal(err.Error())
		}
	}

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)

	out := bufio.NewWriter(os.Stdout)
	defer out.Flush() //nolint:errcheck // the reader notices a short answer

	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)

	for in.Scan() {
		var req Request
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			fatal("bad request: " + err.Error())
		}

		answer := ask(req, bundle)
		if err := enc.Encode(answer); err != nil {
			fatal(err.Error())
		}

		// A caller in conversation waits for each answer.
		_ = out.Flush() //nolint:errcheck // seen by the next write
	}

	if err := in.Err(); err != nil {
		fatal(err.Error())
	}
}

func fatal(message string) {
	fmt.Fprintln(os.Stderr, "oracle:", message)
	os.Exit(1)
}
