package main

import (
	"reflect"
	"strings"
)

// samples are texts of the scalars with a form of their own.
var samples = map[string]string{
	"duration": "1m30s", "url": "\"https://example.com/a?b=c\"", "endpoint": "\"https://10.0.0.1:6443\"",
	"cel": "\"true\"", "bytesize": "1GiB", "size": "50%", "ip": "10.0.0.1", "cidr": "10.0.0.0/24",
	"addrport": "\"10.0.0.1:51820\"", "portrange": "80-90", "hwaddr": "\"52:54:00:aa:bb:01\"",
	"disksize": "10 GB", "filemode": "0o644", "disksizematch": "\">= 1GB\"", "base64": "YQ==",
	"any": "{cpu: {a: 1, b: [x], c: {d: true}}}", "args": "{a: x, b: [y, \"1\"], c: yes}",
}

// kinds writes questions about each kind of document that this line knows: with every field set,
// merged with itself, with each field deleted, and deleted as a whole.
func (e *expander) kinds() error {
	for _, kind := range kinds {
		doc, err := document("apiVersion: v1alpha1\nkind: " + kind + "\n" + needed[kind])
		if err != nil {
			continue
		}

		if err := e.kind(kind, reflect.TypeOf(doc).Elem()); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) kind(kind string, typ reflect.Type) error {
	head := "apiVersion: v1alpha1\nkind: " + kind + "\n"
	name, text := "full/"+kind, head

	var keys []string

	for _, f := range fields(typ) {
		switch key := yamlName(f); key {
		case "apiVersion", "kind":
		case "name":
			text += "name: sample\n"
			head += "name: sample\n"
		default:
			keys = append(keys, key)
			text += key + ": " + sample(f.Type) + "\n"
		}
	}

	if err := e.write(Request{Name: "load/" + name, Op: "load", Config: text}); err != nil {
		return err
	}

	patches := map[string]string{"itself": text, "head": head, "deleted": head + "$patch: delete\n"}
	for _, key := range keys {
		patches["without-"+key] = head + key + ": {$patch: delete}\n"
	}

	for _, patch := range sortedKeys(patches) {
		if err := e.patched(name+"/"+patch, "load/"+name, []string{patches[patch]}); err != nil {
			return err
		}
	}

	return nil
}

// sample is a value of a type, in flow style.
func sample(typ reflect.Type) string {
	if name := scalars[typ.String()]; name != "" {
		return samples[name]
	}

	if isEnum(typ) {
		names := namesOf(typ)
		if len(names) == 0 {
			names = []string{marshalText(reflect.New(typ))}
		}

		return "\"" + names[len(names)-1] + "\""
	}

	switch typ.Kind() { //nolint:exhaustive
	case reflect.Pointer:
		return sample(typ.Elem())
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return samples["base64"]
		}

		return "[" + sample(typ.Elem()) + "]"
	case reflect.Map:
		return "{key: " + sample(typ.Elem()) + "}"
	case reflect.Struct:
		var parts []string
		for _, f := range fields(typ) {
			parts = append(parts, yamlName(f)+": "+sample(f.Type))
		}

		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Bool:
		return "true"
	case reflect.String:
		return "text"
	default:
		return "5"
	}
}
