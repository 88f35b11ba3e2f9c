package files

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"os"

	"golang.org/x/image/webp"
)

// survey is what a picture's own header says, read before anything is decoded.
type survey struct {
	width, height int
	cost          int64 // bytes that decoding it takes, about
	turning       int64 // bytes more that turning it upright takes
	turn          int   // the EXIF orientation, 1 to 8; 1 is upright
}

const (
	maxSide   = 20_000
	maxPixels = 50_000_000 // of one frame; phones make them of 48 million
	maxFrames = 1_000
	// maxScans of one JPEG: each goes over the whole picture, and takes a sender ten bytes.
	maxScans = 64
)

var (
	// errNoPicture: it begins like one and is none; it is kept as a download.
	errNoPicture = errors.New("files: no picture after all")
	// errTooMuch: it is one, and decoding it would take more than we give.
	errTooMuch = errors.New("files: the picture has too many pixels, frames or passes")
)

// surveyOf reads the headers of a picture of a kind.
func surveyOf(f *os.File, kind string) (s survey, err error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return survey{}, err
	}
	r := bufio.NewReaderSize(f, 64<<10)
	switch kind {
	case mediaJPEG:
		s, err = surveyJPEG(r)
	case mediaPNG:
		s, err = surveyPNG(r)
	case mediaGIF:
		s, err = surveyGIF(r)
	default:
		s, err = surveyWebP(r)
	}
	if err != nil {
		if !errors.Is(err, errTooMuch) {
			err = errNoPicture
		}
		return survey{}, err
	}
	pixels := int64(s.width) * int64(s.height)
	if s.turn > 1 {
		s.turning = 4 * pixels
	}
	switch {
	case s.width <= 0 || s.height <= 0:
		return survey{}, errNoPicture
	case s.width > maxSide || s.height > maxSide || pixels > maxPixels || s.cost > maxCost:
		return survey{}, errTooMuch
	}
	return s, nil
}

// surveyJPEG walks the segments to the frame's header for size and sampling, to EXIF for
// the orientation, and on to the end to count the scans.
func surveyJPEG(r *bufio.Reader) (survey, error) {
	s := survey{turn: 1}
	if _, err := r.Discard(2); err != nil {
		return s, err
	}
	for scans := 0; ; {
		marker, err := nextMarker(r)
		if errors.Is(err, io.EOF) && scans > 0 || err == nil && marker == 0xd9 {
			return s, nil // some cameras leave the end out
		}
		if err != nil {
			return s, err
		}
		if marker == 0 || marker == 0x01 || marker >= 0xd0 && marker <= 0xd8 {
			continue // within a scan, or without a body
		}
		var size [2]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return s, err
		}
		n := int(binary.BigEndian.Uint16(size[:])) - 2
		if n < 0 {
			return s, errNoPicture
		}
		switch {
		case marker == 0xda:
			if scans++; scans > maxScans {
				return s, errTooMuch
			}
			_, err = r.Discard(n)
		case marker == 0xe1 || marker >= 0xc0 && marker <= 0xc2:
			body := make([]byte, n)
			if _, err = io.ReadFull(r, body); err == nil && marker == 0xe1 {
				s.turn = orientation(body, s.turn)
			} else if err == nil {
				err = s.frame(body, marker == 0xc2)
			}
		default:
			_, err = r.Discard(n)
		}
		if err != nil {
			return s, err
		}
	}
}

// nextMarker reads on to the byte after the next 0xff, over whatever a scan holds.
func nextMarker(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		for b == 0xff {
			if b, err = r.ReadByte(); err != nil {
				return 0, err
			}
			if b != 0xff {
				return b, nil
			}
		}
	}
}

// frame reads a frame header: what decoding costs follows from how its components are
// sampled, and a progressive one keeps four bytes of every sample until its end.
func (s *survey) frame(body []byte, progressive bool) error {
	if s.width != 0 || len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return errNoPicture
	}
	s.height, s.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	pixels, most, samples := int64(s.width)*int64(s.height), int64(1), int64(0)
	for i := range int(body[5]) {
		area := int64(body[7+3*i]>>4) * int64(body[7+3*i]&15)
		samples, most = samples+area, max(most, area)
	}
	s.cost = pixels * samples / most
	if progressive {
		s.cost *= 5
	}
	if body[5] == 4 {
		s.cost += pixels * 4 // converted on its way out
	}
	return nil
}

// orientation finds the tag 0x0112 in an EXIF segment.
func orientation(body []byte, otherwise int) int {
	const head = "Exif\x00\x00"
	if len(body) < len(head)+8 || string(body[:len(head)]) != head {
		return otherwise
	}
	body = body[len(head):]
	var order binary.ByteOrder = binary.LittleEndian
	if string(body[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(body[4:]))
	if at+2 > int64(len(body)) {
		return otherwise
	}
	for i := range int64(order.Uint16(body[at:])) {
		entry := at + 2 + 12*i
		if entry+12 > int64(len(body)) {
			return otherwise
		}
		if order.Uint16(body[entry:]) == 0x0112 {
			if turn := int(order.Uint16(body[entry+8:])); turn >= 1 && turn <= 8 {
				return turn
			}
			return otherwise
		}
	}
	return otherwise
}

func surveyPNG(r io.Reader) (survey, error) {
	var head [29]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return survey{}, err
	}
	if string(head[12:16]) != "IHDR" {
		return survey{}, errNoPicture
	}
	w, h := binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])
	if w > maxSide || h > maxSide {
		return survey{}, errTooMuch
	}
	each := int64(4)
	if depth, colour := head[24], head[25]; depth == 16 {
		each = 8
	} else if colour == 3 { // a grey one in which something shows through takes four as well
		each = 1
	}
	if head[28] != 0 {
		each *= 2 // interlaced: each pass beside the whole
	}
	return survey{width: int(w), height: int(h), turn: 1, cost: int64(w) * int64(h) * each}, nil
}

func surveyWebP(r io.Reader) (survey, error) {
	var config image.Config
	config, err := webp.DecodeConfig(r)
	if err != nil {
		return survey{}, err
	}
	return survey{width: config.Width, height: config.Height, turn: 1, cost: int64(config.Width) * int64(config.Height) * 5}, nil
}

// surveyGIF walks the blocks and adds up what all frames take.
func surveyGIF(r *bufio.Reader) (survey, error) {
	var head [13]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return survey{}, err
	}
	s := survey{width: int(binary.LittleEndian.Uint16(head[6:])), height: int(binary.LittleEndian.Uint16(head[8:])), turn: 1}
	s.cost = 4 * int64(s.width) * int64(s.height) // the canvas, for a thumbnail
	if err := skipPalette(r, head[10]); err != nil {
		return s, err
	}
	for frames := 0; ; {
		block, err := r.ReadByte()
		switch {
		case err != nil && frames > 0 && errors.Is(err, io.EOF):
			return s, nil
		case err != nil:
			return s, err
		case block == ';':
			return s, nil
		case block == '!':
			if _, err = r.Discard(1); err == nil {
				err = skipBlocks(r)
			}
		case block == ',':
			if frames++; frames > maxFrames {
				return s, errTooMuch
			}
			err = s.addFrame(r)
		default:
			err = errNoPicture
		}
		if err != nil {
			return s, err
		}
		if s.cost > maxCost {
			return s, errTooMuch
		}
	}
}

// addFrame counts a frame and goes on to its end. An interlaced one is put in order in
// a second copy.
func (s *survey) addFrame(r *bufio.Reader) error {
	var frame [9]byte
	if _, err := io.ReadFull(r, frame[:]); err != nil {
		return err
	}
	s.cost += 2 * int64(binary.LittleEndian.Uint16(frame[4:])) * int64(binary.LittleEndian.Uint16(frame[6:]))
	if err := skipPalette(r, frame[8]); err != nil {
		return err
	}
	if _, err := r.Discard(1); err != nil {
		return err
	}
	return skipBlocks(r)
}

func skipPalette(r *bufio.Reader, flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	_, err := r.Discard(3 << (flags&7 + 1))
	return err
}

func skipBlocks(r *bufio.Reader) error {
	for {
		n, err := r.ReadByte()
		if err != nil || n == 0 {
			return err
		}
		if _, err := r.Discard(int(n)); err != nil {
			return err
		}
	}
}
