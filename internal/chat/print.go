package chat

import "log/slog"

// What carries a token says its name and nothing else, whichever way it is
// printed: a log line that names a session must not hand it over.

func (s Session) String() string       { return "session " + s.ID }
func (s Session) GoString() string     { return s.String() }
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

func (r Result) String() string       { return "opened " + r.Session.String() }
func (r Result) GoString() string     { return r.String() }
func (r Result) LogValue() slog.Value { return slog.StringValue(r.String()) }

func (d Device) String() string       { return "device on " + string(d.Platform) }
func (d Device) GoString() string     { return d.String() }
func (d Device) LogValue() slog.Value { return slog.StringValue(d.String()) }
