//go:build bench

package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// client is the least HTTP/1.1 client that will do: the load generator shares the
// machine's cores with what it measures, so what it spends is not measured work.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	buffer []byte
	body   []byte

	forwarded string // an address that a proxy before us would name
}

func dial(address string) (*client, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}, nil
}

// do sends one request and answers with status and body; the body is valid until the next call.
func (c *client) do(method, path, bearer string, body []byte) (int, []byte, error) {
	b := c.buffer[:0]
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, path...)
	b = append(b, " HTTP/1.1\r\nHost: bench\r\n"...)
	if bearer != "" {
		b = append(b, "Authorization: Bearer "...)
		b = append(b, bearer...)
		b = append(b, "\r\n"...)
	}
	if c.forwarded != "" {
		b = append(b, "X-Forwarded-For: "...)
		b = append(b, c.forwarded...)
		b = append(b, "\r\n"...)
	}
	if body != nil {
		b = append(b, "Content-Type: application/json\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	b = append(b, body...)
	c.buffer = b
	if _, err := c.conn.Write(b); err != nil {
		return 0, nil, err
	}
	return c.answer()
}

func (c *client) answer() (int, []byte, error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, nil, err
	}
	length := 0
	for {
		line, err = c.reader.ReadSlice('\n')
		if err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		if rest, ok := strings.CutPrefix(string(line), "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(rest)); err != nil {
				return 0, nil, err
			}
		}
		if strings.HasPrefix(string(line), "Transfer-Encoding") {
			return 0, nil, fmt.Errorf("an answer without a length")
		}
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.reader, c.body)
	return status, c.body, err
}
