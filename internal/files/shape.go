package files

import (
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// upright turns a picture as its EXIF orientation says, for that is left behind:
//
//	1 as it is   2 mirrored   3 by 180   4 mirrored, 180
//	5 mirrored and 6 by 90 to the right; 7 mirrored and 8 by 90 to the left
func upright(i image.Image, turn int) image.Image {
	if turn <= 1 || turn > 8 {
		return i
	}
	b := i.Bounds()
	if y, ok := i.(*image.YCbCr); ok && (y.SubsampleRatio == image.YCbCrSubsampleRatio420 || y.SubsampleRatio == image.YCbCrSubsampleRatio444) {
		w, h := turned(b.Dx(), b.Dy(), turn)
		out := image.NewYCbCr(image.Rect(0, 0, w, h), y.SubsampleRatio)
		cw, ch := b.Dx(), b.Dy()
		if y.SubsampleRatio == image.YCbCrSubsampleRatio420 {
			cw, ch = (cw+1)/2, (ch+1)/2
		}
		turnPlane(out.Y, y.Y, out.YStride, y.YStride, b.Dx(), b.Dy(), turn)
		turnPlane(out.Cb, y.Cb, out.CStride, y.CStride, cw, ch, turn)
		turnPlane(out.Cr, y.Cr, out.CStride, y.CStride, cw, ch, turn)
		return out
	}
	w, h := turned(b.Dx(), b.Dy(), turn)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range b.Dy() {
		for x := range b.Dx() {
			toX, toY := turnPoint(x, y, b.Dx(), b.Dy(), turn)
			out.Set(toX, toY, i.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}

func turned(w, h, turn int) (int, int) {
	if turn >= 5 {
		return h, w
	}
	return w, h
}

func turnPoint(x, y, w, h, turn int) (int, int) {
	switch turn {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}

func turnPlane(to, from []byte, toStride, fromStride, w, h, turn int) {
	for y := range h {
		row := from[y*fromStride : y*fromStride+w]
		for x, sample := range row {
			toX, toY := turnPoint(x, y, w, h, turn)
			to[toY*toStride+toX] = sample
		}
	}
}

// shrink makes a picture fit ThumbnailSide: first by whole steps, averaging, so that the
// smooth scaler, which takes memory by the width it begins with, has little left to do.
func shrink(i image.Image) image.Image {
	b := i.Bounds()
	if step := max(b.Dx(), b.Dy()) / (2 * ThumbnailSide); step > 1 {
		i = boxed(i, step)
	}
	w, h := fit(b.Dx(), b.Dy())
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.BiLinear.Scale(out, out.Bounds(), i, i.Bounds(), draw.Src, nil)
	return out
}

func fit(w, h int) (int, int) {
	if w >= h {
		return ThumbnailSide, max(1, h*ThumbnailSide/w)
	}
	return max(1, w*ThumbnailSide/h), ThumbnailSide
}

// boxed averages squares of step pixels; what does not fill one at the edges is left out.
func boxed(i image.Image, step int) image.Image {
	b := i.Bounds()
	at := reader(i)
	out := image.NewRGBA64(image.Rect(0, 0, max(1, b.Dx()/step), max(1, b.Dy()/step)))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			var sum [4]uint64
			n := uint64(0)
			for dy := range min(step, b.Dy()-y*step) {
				for dx := range min(step, b.Dx()-x*step) {
					r, g, blue, a := at(b.Min.X+x*step+dx, b.Min.Y+y*step+dy)
					sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(blue), sum[3]+uint64(a)
					n++
				}
			}
			out.SetRGBA64(x, y, color.RGBA64{R: uint16(sum[0] / n), G: uint16(sum[1] / n), B: uint16(sum[2] / n), A: uint16(sum[3] / n)}) //nolint:gosec // averages of 16 bits
		}
	}
	return out
}

// reader reads pixels, those of a photograph without an allocation for each.
func reader(i image.Image) func(x, y int) (r, g, b, a uint32) {
	if y, ok := i.(*image.YCbCr); ok {
		return func(px, py int) (r, g, b, a uint32) {
			at, c := y.YOffset(px, py), y.COffset(px, py)
			r8, g8, b8 := color.YCbCrToRGB(y.Y[at], y.Cb[c], y.Cr[c])
			return uint32(r8) * 0x101, uint32(g8) * 0x101, uint32(b8) * 0x101, 0xffff
		}
	}
	if wide, ok := i.(image.RGBA64Image); ok {
		return func(px, py int) (r, g, b, a uint32) {
			c := wide.RGBA64At(px, py)
			return uint32(c.R), uint32(c.G), uint32(c.B), uint32(c.A)
		}
	}
	return func(px, py int) (r, g, b, a uint32) { return i.At(px, py).RGBA() }
}
