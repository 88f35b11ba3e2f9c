package diagnose

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// number matches what some language prints for one.
var number = regexp.MustCompile(`^[+-]?[0-9]{1,40}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?$`)

// numberForms are the ways in which languages print the number that a text is.
func numberForms(text, name string) []spelling {
	plain := strings.NewReplacer(",", "", "'", "", "_", "").Replace(text)
	if len(text) > 64 || !number.MatchString(plain) {
		return nil
	}
	var out []spelling
	add := func(form string) {
		out = append(out, spelling{form, []slip{{NumberFormat, "The backend signs the " + name + " as the number " + quote(form) + ", and the page sends " + quote(text) + ".",
			"Turn the number into text once, as an integer's decimal digits, and sign and send that text."}}})
	}
	add(plain)
	for _, form := range floatForms(plain) {
		add(form)
	}
	digits := strings.TrimLeft(strings.TrimLeft(plain, "+"), "0")
	if whole, isWhole := wholeDigits(digits); isWhole {
		for _, form := range wholeForms(whole) {
			add(form)
		}
	}
	return out
}

// floatForms are a number's spellings by way of floating point.
func floatForms(text string) []string {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil
	}
	shortest := strconv.FormatFloat(f, 'g', -1, 64)
	exponent := strconv.FormatFloat(f, 'e', -1, 64)
	short := strings.NewReplacer("e+0", "e+", "e-0", "e-").Replace(exponent)
	forms := []string{
		strconv.FormatFloat(f, 'f', -1, 64), shortest, exponent, short, strings.Replace(short, "e+", "e", 1),
		strconv.FormatFloat(f, 'g', 6, 64), strconv.FormatFloat(f, 'g', 14, 64), strconv.FormatFloat(f, 'e', 6, 64),
	}
	if math.Abs(f) < 1e21 {
		for _, places := range []int{0, 1, 2, 3, 6} {
			forms = append(forms, strconv.FormatFloat(f, 'f', places, 64))
		}
	}
	for _, form := range forms {
		upper := strings.ToUpper(form)
		forms = append(forms, upper, strings.Replace(upper, "E+", "E", 1))
		if mantissa, power, found := strings.Cut(form, "e"); found && !strings.Contains(mantissa, ".") {
			forms = append(forms, mantissa+".0e"+power, mantissa+".0E"+power, mantissa+".0E"+strings.TrimPrefix(power, "+"))
		}
	}
	return forms
}

// wholeDigits are the digits of an integer, "0" for none.
func wholeDigits(digits string) (string, bool) {
	if whole, fraction, found := strings.Cut(digits, "."); found && strings.Trim(fraction, "0") == "" {
		digits = whole
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	if digits == "" {
		digits = "0"
	}
	return digits, true
}

// wholeForms are an integer's other spellings: without and with zeros before it,
// and in groups of three.
func wholeForms(digits string) []string {
	forms := []string{digits, digits + ".0", digits + ".00"}
	for width := len(digits) + 1; width <= 12; width++ {
		forms = append(forms, strings.Repeat("0", width-len(digits))+digits)
	}
	for _, mark := range []string{",", ".", " ", "_", "'"} {
		forms = append(forms, grouped(digits, mark))
	}
	return append(forms, "+"+digits)
}

func grouped(digits, mark string) string {
	var parts []string
	for len(digits) > 3 {
		parts = append([]string{digits[len(digits)-3:]}, parts...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, parts...), mark)
}
