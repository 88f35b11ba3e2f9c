package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// micros is how a time lies in a row: 0 is the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// stamp reads a time from a row.
type stamp struct{ to *time.Time }

func (s stamp) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a time is %T", src)
	}
	*s.to = moment(us)
	return nil
}

// span reads microseconds into a duration.
type span struct{ to *time.Duration }

func (s span) Scan(src any) error {
	us, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a duration is %T", src)
	}
	*s.to = time.Duration(us) * time.Microsecond
	return nil
}

// flag is how a boolean lies in a row, on both engines alike.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// document reads JSON text into a value.
type document struct{ to any }

func (d document) Scan(src any) error {
	switch text := src.(type) {
	case string:
		return json.Unmarshal([]byte(text), d.to)
	case []byte:
		return json.Unmarshal(text, d.to)
	}
	return fmt.Errorf("store: a document is %T", src)
}

// text is JSON as it lies in a row. Its callers pass our own plain structs and
// lists, which always encode.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("store: " + err.Error())
	}
	return string(raw)
}

// chunkRows is the largest number of rows in one statement. Chunks are powers of
// two, so that a handful of texts per statement is all that is ever prepared.
const chunkRows = 64

// chunk is the largest power of two that n rows fill.
func chunk(n int) int {
	size := chunkRows
	for size > n {
		size /= 2
	}
	return size
}

// padded is the smallest power of two that holds n.
func padded(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// tuples writes "($1,$2),($3,$4)" for rows of width; bare, it writes "(?,?),(?,?)".
func tuples(width, rows int, bare bool) string {
	var b strings.Builder
	for i := range width * rows {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%width == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		if bare {
			b.WriteByte('?')
			continue
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// each reads rows to their end and closes them.
func each(rows *sql.Rows, err error, read func(row scanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

type scanner interface{ Scan(into ...any) error }
