package chat

import "strings"

// sign is a word in a browser's name for itself, and what it means. The first that is
// found wins: many browsers name others beside themselves.
type sign struct{ word, name string }

var browsers = []sign{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex Browser"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"},
	{"Chromium/", "Chromium"}, {"HeadlessChrome/", "Headless Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"}, {"Safari/", "Safari"},
	{"okhttp/", "Android app"}, {"CFNetwork/", "iOS app"}, {"curl/", "curl"}, {"Go-http-client/", "Go program"}, {"python-requests/", "Python program"},
}

var systems = []sign{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"},
	{"Macintosh", "macOS"}, {"Linux", "Linux"},
}

// DeviceName is "Chrome on Windows" out of what a browser calls itself: a hint for
// people who look through sessions, since anybody can send any. Empty if it says
// nothing that we know.
func DeviceName(userAgent string) string {
	browser, system := named(browsers, userAgent), named(systems, userAgent)
	if browser == "Safari" && system == "Android" {
		browser = "Android browser"
	}
	switch {
	case browser == "" || system == "":
		return browser + system
	case strings.HasSuffix(browser, " app"), strings.HasSuffix(browser, " browser"):
		return browser
	}
	return browser + " on " + system
}

func named(signs []sign, text string) string {
	for _, s := range signs {
		if strings.Contains(text, s.word) {
			return s.name
		}
	}
	return ""
}
