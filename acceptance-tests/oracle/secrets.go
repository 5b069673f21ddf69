package main

import (
	"reflect"
)

const (
	planted  = "planted"
	replaced = "replaced"
)

// findSecrets fills a document, lets the machinery redact it and notes which fields it replaced.
func (t *tables) findSecrets(doc any, redact func(string)) {
	v := reflect.ValueOf(doc).Elem()
	plant(v, 0)
	redact(replaced)
	t.collect(v, 0)
}

// plant puts a value into every settable text field below v, with one item per list and map.
func plant(v reflect.Value, depth int) {
	if depth > 12 || !v.CanSet() || scalars[v.Type().String()] != "" && v.Kind() != reflect.Slice {
		return
	}

	switch v.Kind() { //nolint:exhaustive
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		plant(v.Elem(), depth+1)
	case reflect.String:
		v.SetString(planted)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(planted))

			return
		}

		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0), depth+1)
	case reflect.Map:
		item := reflect.New(v.Type().Elem()).Elem()
		plant(item, depth+1)

		if v.Type().Key().Kind() == reflect.String {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("k").Convert(v.Type().Key()), item)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				plant(v.Field(i), depth+1)
			}
		}
	}
}

func (t *tables) collect(v reflect.Value, depth int) {
	if depth > 24 {
		return
	}

	switch v.Kind() { //nolint:exhaustive
	case reflect.Pointer:
		if !v.IsNil() {
			t.collect(v.Elem(), depth+1)
		}
	case reflect.Slice:
		for i := range v.Len() {
			t.collect(v.Index(i), depth+1)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			t.collect(v.MapIndex(k), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() {
				continue
			}

			if isReplaced(v.Field(i)) {
				t.secret[v.Type().String()+"."+yamlName(f)] = true
			}

			t.collect(v.Field(i), depth+1)
		}
	}
}

func isReplaced(v reflect.Value) bool {
	switch {
	case v.Kind() == reflect.String:
		return v.String() == replaced
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return string(v.Bytes()) == replaced
	default:
		return false
	}
}
