// The oracle answers what the official Talos machinery does with an input.
//
//	oracle run -secrets FILE < requests > answers   one JSON object a line
//	oracle tables                                   document tables of this machinery line
//	oracle cases -secrets FILE DIR…                 requests that the case files in each DIR stand for
//	oracle bundle                                   a new secrets bundle
//	oracle bench -secrets FILE < requests           what answering them costs
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// Request is one question. Which fields matter depends on Op.
type Request struct {
	Name string `json:"name,omitempty"`
	Op   string `json:"op"`
	// Config is a text, or "@NAME": the output (for load: the config) of an earlier request.
	Config   string    `json:"config,omitempty"`
	Patches  []string  `json:"patches,omitempty"`
	Generate *Generate `json:"generate,omitempty"`
	// Data is a config that is no text.
	Data        []byte       `json:"data,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Answer is the request with what the machinery said to it.
type Answer struct {
	Request

	Output   string             `json:"output,omitempty"`
	Error    string             `json:"error,omitempty"`
	Panicked bool               `json:"panicked,omitempty"`
	Verdicts map[string]Verdict `json:"verdicts,omitempty"`
}

// Verdict is what validation for one mode says.
type Verdict struct {
	Warnings []string `json:"warnings,omitempty"`
	Errors   []string `json:"errors,omitempty"`
}

func main() {
	if len(os.Args) < 2 {
		fatal("usage: oracle run|cases|tables|bundle|bench")
	}

	var err error

	switch os.Args[1] {
	case "run":
		err = run(os.Args[2:])
	case "cases":
		err = writeCases(os.Args[2:])
	case "tables":
		err = writeTables(os.Stdout)
	case "bundle":
		err = writeBundle()
	case "bench":
		err = bench(os.Args[2:])
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}

	if err != nil {
		fatal(err.Error())
	}
}

// loadBundle reads the value of -secrets and returns what is left of the arguments.
func loadBundle(args []string) (*secrets.Bundle, []string, error) {
	flags := flag.NewFlagSet("oracle", flag.ContinueOnError)
	path := flags.String("secrets", "", "secrets bundle that generation uses")

	if err := flags.Parse(args); err != nil {
		return nil, nil, err
	}

	if *path == "" {
		return nil, flags.Args(), nil
	}

	bundle, err := secrets.LoadBundle(*path)

	return bundle, flags.Args(), err
}

func writeBundle() error {
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersionCurrent)
	if err != nil {
		return err
	}

	data, err := marshal(bundle)
	if err != nil {
		return err
	}

	_, err = os.Stdout.Write(data)

	return err
}

func run(args []string) error {
	bundle, _, err := loadBundle(args)
	if err != nil {
		return err
	}

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)

	out := bufio.NewWriter(os.Stdout)
	enc := newEncoder(out)
	asker := newAsker(bundle)

	for in.Scan() {
		var req Request
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			return fmt.Errorf("bad request: %w", err)
		}

		if err := enc.Encode(asker.ask(req)); err != nil {
			return err
		}

		// A caller in conversation waits for each answer.
		if err := out.Flush(); err != nil {
			return err
		}
	}

	return in.Err()
}

func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)

	return enc
}

func fatal(message string) {
	fmt.Fprintln(os.Stderr, "oracle:", message)
	os.Exit(1)
}
