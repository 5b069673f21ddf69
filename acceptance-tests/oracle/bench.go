package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// Measured is what all questions of one sort cost together: medians of the runs, in nanoseconds.
type Measured struct {
	Op        string `json:"op"`
	Questions int    `json:"questions"`
	// CPU is that of the whole process, garbage collection included.
	CPU  int64 `json:"cpu"`
	Wall int64 `json:"wall"`
	// Digest of all answers: who did the same work has the same.
	Digest string `json:"digest"`
}

// bench reads questions, answers those of each sort several times and writes what that cost.
func bench(args []string) error {
	flags := flag.NewFlagSet("oracle bench", flag.ContinueOnError)
	path := flags.String("secrets", "", "secrets bundle that generation uses")
	runs := flags.Int("runs", 15, "how often all questions are answered")

	if err := flags.Parse(args); err != nil {
		return err
	}

	bundle, err := secrets.LoadBundle(*path)
	if err != nil {
		return err
	}

	sorts, err := readSorts()
	if err != nil {
		return err
	}

	out := newEncoder(os.Stdout)

	for _, requests := range sorts {
		measured, err := measure(bundle, requests, *runs)
		if err != nil {
			return err
		}

		if err := out.Encode(measured); err != nil {
			return err
		}
	}

	return nil
}

// readSorts reads requests from standard input, those of one sort together.
func readSorts() ([][]Request, error) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)

	var sorts [][]Request

	for in.Scan() {
		var req Request
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			return nil, fmt.Errorf("bad request: %w", err)
		}

		if last := len(sorts) - 1; last >= 0 && sorts[last][0].Op == req.Op {
			sorts[last] = append(sorts[last], req)
		} else {
			sorts = append(sorts, []Request{req})
		}
	}

	return sorts, in.Err()
}

func measure(bundle *secrets.Bundle, requests []Request, runs int) (Measured, error) {
	result := Measured{Op: requests[0].Op, Questions: len(requests)}

	var cpus, walls []int64

	for range runs {
		digest := sha256.New()
		asker := newAsker(bundle)
		cpu, wall := processorTime(), time.Now()

		for _, req := range requests {
			answer := asker.ask(req)
			if answer.Error != "" {
				return result, fmt.Errorf("%s: %s", req.Name, answer.Error)
			}

			digest.Write([]byte(answer.Output)) //nolint:errcheck // never fails
		}

		walls = append(walls, time.Since(wall).Nanoseconds())
		cpus = append(cpus, processorTime()-cpu)
		result.Digest = fmt.Sprintf("%x", digest.Sum(nil))
	}

	result.CPU, result.Wall = median(cpus), median(walls)

	return result, nil
}

func median(values []int64) int64 {
	slices.Sort(values)

	return values[len(values)/2]
}

// processorTime is what the process has used so far, in nanoseconds.
func processorTime() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}

	return usage.Utime.Nano() + usage.Stime.Nano()
}
