// A Turret repeater in Go: one file, standard library only; copy it beside your program.
//
//	func main() {
//		Action("say", Describe{ReadOnly: true, Params: map[string]any{"text": map[string]any{"type": "string"}}},
//			func(call *Call) (int, error) {
//				fmt.Fprintln(call.Stdout, call.Text("text"))
//				return 0, nil
//			})
//		Serve()
//	}
//
// It speaks the line profile: one JSON object per line on fd 3, the secrets as JSON on fd 4, one call at a time (SPEC.md).
// The exit code of a call is what the function returns; an error is what the agent reads instead.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

const (
	lineBytesMax = 262_144
	dataBytesMax = 32_768
	inputPieces  = 64
)

// Describe says what an action is. What is left out is taken to be the dangerous value.
type Describe struct {
	Title         string
	Params        map[string]any // name to JSON Schema; every one is required
	Stdin         bool
	ReadOnly      bool
	Harmless      bool // removes and overwrites nothing
	Idempotent    bool
	Closed        bool // stays on this machine
	UntrustedText bool // returns what third parties wrote
}

// Call is one approved call. Params were checked against the schema; still, an agent chose them.
type Call struct {
	Action  string
	Params  map[string]any
	Secrets map[string]string
	Stdin   io.Reader
	Stdout  io.Writer
	Stderr  io.Writer
	// Context is done when nobody waits for the call any more; writes fail then.
	Context context.Context
}

// Text is a param of type string, "" when it is not there.
func (call *Call) Text(name string) string {
	text, _ := call.Params[name].(string)
	return text
}

// Number is a param of type integer or number, 0 when it is not there.
func (call *Call) Number(name string) float64 {
	number, _ := call.Params[name].(float64)
	return number
}

// Error is for the agent to read; Name is one of SPEC.md's, "repeater_error" when left out.
type Error struct{ Name, Message, Hint string }

func (err *Error) Error() string { return err.Message }

type perform func(*Call) (int, error)

type action struct {
	Name        string         `json:"name"`
	Title       string         `json:"title,omitempty"`
	Params      map[string]any `json:"params"`
	Stdin       bool           `json:"stdin,omitempty"`
	Annotations map[string]bool `json:"annotations"`
	perform     perform
}

var actions []action

// Action declares what this repeater can do. Before Serve.
func Action(name string, describe Describe, run func(*Call) (int, error)) {
	properties, required := map[string]any{}, []string{}
	for param, schema := range describe.Params {
		properties[param] = schema
		required = append(required, param)
	}
	params := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		params["required"] = required
	}
	actions = append(actions, action{
		Name: name, Title: describe.Title, Params: params, Stdin: describe.Stdin, perform: run,
		Annotations: map[string]bool{
			"readOnly": describe.ReadOnly, "destructive": !describe.ReadOnly && !describe.Harmless,
			"idempotent": describe.Idempotent, "openWorld": !describe.Closed, "untrustedOutput": describe.UntrustedText,
		},
	})
}

type message struct {
	T      string         `json:"t"`
	S      uint32         `json:"s"`
	C      int            `json:"c"`
	Action string         `json:"action"`
	Params map[string]any `json:"params"`
	Stdin  bool           `json:"stdin"`
	Text   *string        `json:"text"`
	B64    *string        `json:"b64"`
	Fin    bool           `json:"fin"`
}

type server struct {
	mutex   sync.Mutex
	socket  *os.File
	secrets map[string]string
}

type running struct {
	stream uint32
	cancel context.CancelFunc
	input  chan []byte
	ended  chan struct{}
}

// Serve performs calls until Turret closes the connection, and ends the process.
func Serve() {
	server := &server{socket: os.NewFile(3, "turret"), secrets: map[string]string{}}
	if err := json.NewDecoder(os.NewFile(4, "secrets")).Decode(&server.secrets); err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "turret: fd 4 has no secrets: this program is started by turret run")
		os.Exit(1)
	}
	server.send(map[string]any{"t": "REGISTER", "actions": actions})
	lines := bufio.NewScanner(server.socket)
	lines.Buffer(make([]byte, 0, 65_536), lineBytesMax)
	var current *running
	for lines.Scan() {
		var said message
		if json.Unmarshal(lines.Bytes(), &said) != nil {
			os.Exit(1)
		}
		switch {
		case said.T == "CALL":
			current = server.begin(said)
		case current == nil || said.S != current.stream:
			// Late messages of a call that is over, and messages this file does not know.
		case said.T == "CANCEL":
			current.cancel()
		case said.T == "DATA":
			current.take(said)
		}
	}
	os.Exit(0)
}

func (server *server) begin(said message) *running {
	ctx, cancel := context.WithCancel(context.Background())
	current := &running{said.S, cancel, make(chan []byte, inputPieces), make(chan struct{})}
	call := &Call{
		Action: said.Action, Params: said.Params, Secrets: server.secrets, Context: ctx,
		Stdin:  &input{current: current, ctx: ctx},
		Stdout: &output{server, said.S, 1, ctx}, Stderr: &output{server, said.S, 2, ctx},
	}
	if !said.Stdin {
		close(current.input)
	}
	go func() {
		defer close(current.ended)
		exit, err := answer(call)
		if err == nil && ctx.Err() != nil {
			err = &Error{Name: "cancelled", Message: "the call was cancelled"}
		}
		server.send(end(said.S, exit, err))
	}()
	return current
}

func answer(call *Call) (exit int, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			fmt.Fprintln(os.Stderr, "turret: the action failed:", failure)
			err = errors.New("the action failed; see the repeater's log")
		}
	}()
	for _, action := range actions {
		if action.Name == call.Action {
			return action.perform(call)
		}
	}
	return 0, &Error{Name: "no_such_action", Message: "there is no such action"}
}

func end(stream uint32, exit int, err error) map[string]any {
	if err == nil {
		return map[string]any{"t": "END", "s": stream, "ok": true, "exit": exit}
	}
	told := &Error{Message: err.Error()}
	errors.As(err, &told)
	detail := map[string]any{"name": "repeater_error", "message": told.Message}
	if told.Name != "" {
		detail["name"] = told.Name
	}
	if errors.Is(err, context.Canceled) {
		detail["name"] = "cancelled"
	}
	if told.Hint != "" {
		detail["hint"] = told.Hint
	}
	return map[string]any{"t": "END", "s": stream, "ok": false, "error": detail}
}

func (server *server) send(message map[string]any) {
	bytes, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	server.mutex.Lock()
	defer server.mutex.Unlock()
	if _, err := server.socket.Write(append(bytes, '\n')); err != nil {
		os.Exit(0) // Turret is gone.
	}
}

// take waits while the action does not read: so does the caller.
func (current *running) take(said message) {
	var bytes []byte
	if said.Text != nil {
		bytes = []byte(*said.Text)
	} else if said.B64 != nil {
		bytes, _ = base64.StdEncoding.DecodeString(*said.B64)
	}
	if len(bytes) > 0 {
		select {
		case current.input <- bytes:
		case <-current.ended:
		}
	}
	if said.Fin {
		close(current.input)
	}
}

type input struct {
	current *running
	ctx     context.Context
	rest    []byte
}

func (in *input) Read(into []byte) (int, error) {
	for len(in.rest) == 0 {
		select {
		case bytes, more := <-in.current.input:
			if !more {
				return 0, io.EOF
			}
			in.rest = bytes
		case <-in.ctx.Done():
			return 0, context.Canceled
		}
	}
	count := copy(into, in.rest)
	in.rest = in.rest[count:]
	return count, nil
}

type output struct {
	server  *server
	stream  uint32
	channel int
	ctx     context.Context
}

func (out *output) Write(bytes []byte) (int, error) {
	written := 0
	for written < len(bytes) {
		if out.ctx.Err() != nil {
			return written, context.Canceled
		}
		piece := bytes[written:]
		if len(piece) > dataBytesMax {
			piece = piece[:dataBytesMax]
		}
		out.server.send(map[string]any{
			"t": "DATA", "s": out.stream, "c": out.channel, "b64": base64.StdEncoding.EncodeToString(piece),
		})
		written += len(piece)
	}
	return written, nil
}
