// Package outbox shows the mails of a development set-up, which sends none.
package outbox

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /dev/outbox, newest first.
type View struct {
	ui.Shell
	Mails []Mail
}

// A MailView is the page of /dev/outbox/{mail}.
type MailView struct {
	ui.Shell
	Mail Mail
}

// A Mail is one message. Lines of Text that are an address become links.
type Mail struct {
	ID      string
	To      string
	Subject string
	Text    string // plain text; not needed in the list
	Sent    time.Time
}
