package frame

import (
	"net/http"
	"time"
)

// A CookieName names one of the cookies that we keep in a browser. Its name there is longer under TLS.
type CookieName string

// All cookies there are.
const (
	SessionCookie  CookieName = "session"  // the token of a credential
	HalfWayCookie  CookieName = "half_way" // the token of a sign-in that waits for its second step
	FlashCookie    CookieName = "flash"    // a sentence for the next page
	LinkCookie     CookieName = "link"     // the token of a share link just made
	SentToCookie   CookieName = "sent_to"  // where the mail of a sign-up went
	LanguageCookie CookieName = "language" // of pages before the first sign-in
	DeviceCookie   CookieName = "device"   // by which a browser is known to somebody who signed in there
	ShopCookie     CookieName = "shop"     // the id of the business that was open last
	PortalCookie   CookieName = "portal"   // the token of a session of the portal; opens nothing else
)

// in is the cookie's name in a browser. The prefix __Host- makes browsers refuse one that another host of the
// domain sets, or that comes without TLS.
func (name CookieName) in(f *Frame) string {
	if f.secure() {
		return "__Host-" + string(name)
	}
	return string(name)
}

// ReadCookie is what the browser sent for a cookie of ours, "" when that is nothing.
func (f *Frame) ReadCookie(r *http.Request, name CookieName) string {
	c, err := r.Cookie(name.in(f))
	if err != nil {
		return ""
	}
	return c.Value
}

// SetCookie sets a cookie that scripts cannot read; a negative age deletes it.
func (f *Frame) SetCookie(w http.ResponseWriter, name CookieName, value string, age time.Duration) {
	seconds := int(age.Seconds())
	if age < 0 {
		seconds = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name.in(f), Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: f.secure(), SameSite: http.SameSiteLaxMode,
	})
}
