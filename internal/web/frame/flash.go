package frame

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// flashes are the sentences that a page may show once after a redirect, by the
// code that the cookie carries.
var flashes = map[string]ui.Flash{
	"party_added":    {Kind: "done", Text: "Party added."},
	"party_saved":    {Kind: "done", Text: "Saved."},
	"party_deleted":  {Kind: "done", Text: "Party moved to the bin."},
	"party_restored": {Kind: "done", Text: "Party restored."},
	"entry_added":    {Kind: "done", Text: "Entry saved."},
	"entry_ahead":    {Kind: "done", Text: "Saved. It is dated ahead, and counts from its day on."},
	"entry_saved":    {Kind: "done", Text: "Saved."},
	"entry_deleted":  {Kind: "done", Text: "Entry moved to the bin."},
	"entry_restored": {Kind: "done", Text: "Entry restored."},
	"entry_moved":    {Kind: "done", Text: "Entry moved. This is the party it belongs to now."},
	"merged":         {Kind: "done", Text: "Merged. All entries are here now."},
	"unmerged":       {Kind: "done", Text: "The merge is undone. Both parties are as they were."},
	"imported":       {Kind: "done", Text: "The file was imported."},
	"import_stopped": {Kind: "note", Text: "Stopped. Nothing was imported."},
	"batch_saved":    {Kind: "done", Text: "Saved."},
	"batch_some":     {Kind: "note", Text: "The valid rows are saved. The others are still to be corrected."},
	"cheque_saved":   {Kind: "done", Text: "The state of the cheque is saved."},
	"cheque_bounced": {Kind: "note", Text: "The cheque bounced. A second entry undoes the payment."},
	"till_counted":   {Kind: "done", Text: "Counted. The cash book continues from it."},
	"lock_set":       {Kind: "done", Text: "Lock saved."},
	"shared":         {Kind: "done", Text: "The link is ready."},
	"share_ended":    {Kind: "done", Text: "The link has ended. It no longer works."},
	"reminded":       {Kind: "done", Text: "Reminder recorded."},
	"business_added": {Kind: "done", Text: "Business added."},
	"saved":          {Kind: "done", Text: "Saved."},
	"password":       {Kind: "done", Text: "Password changed. Other devices are signed out."},
	"email_asked":    {Kind: "note", Text: "Links are on their way to both addresses."},
	"email_kept":     {Kind: "done", Text: "Your address stays as it is."},
	"email_back":     {Kind: "done", Text: "Your old address is back, and every device is signed out."},
	"invited":        {Kind: "done", Text: "Invitation sent."},
	"resent":         {Kind: "done", Text: "Invitation sent again. The older link no longer works."},
	"revoked":        {Kind: "done", Text: "Invitation withdrawn."},
	"removed":        {Kind: "done", Text: "Removed. They no longer have access."},
	"role":           {Kind: "done", Text: "Role changed."},
	"joined":         {Kind: "done", Text: "You have joined."},
	"confirmed":      {Kind: "done", Text: "Confirmed. You are not asked again for a few minutes."},
	"passkey_added":  {Kind: "done", Text: "Passkey added."},
	"passkey_gone":   {Kind: "done", Text: "Passkey removed. It no longer works."},
	"app_gone":       {Kind: "done", Text: "Authenticator app removed."},
	"two_step_on":    {Kind: "done", Text: "Signing in has two steps now."},
	"two_step_off":   {Kind: "done", Text: "Signing in has one step again."},
	"operator_steps": {
		Kind: "note",
		Text: "Operators sign in with two steps. Set up a passkey or an authenticator app first.",
	},
	"session_ended":  {Kind: "done", Text: "That device is signed out."},
	"signed_out_all": {Kind: "done", Text: "You are signed out everywhere."},
	"ended":          {Kind: "note", Text: "Your plan has ended. Nothing more is charged."},
	"canceled": {
		Kind: "note",
		Text: "Your plan will not renew. It stays until the end of the time you paid for.",
	},
	"plan_changed":    {Kind: "done", Text: "Your plan is changed."},
	"plan_changes":    {Kind: "done", Text: "Saved. Your plan changes on the date shown here."},
	"discarded":       {Kind: "note", Text: "Checkout cancelled. You were not charged."},
	"resumed":         {Kind: "done", Text: "Your plan renews again."},
	"not_paid":        {Kind: "note", Text: "Nothing was paid. You can try again at any time."},
	"key_revoked":     {Kind: "done", Text: "The key is revoked. It no longer works."},
	"account_changed": {Kind: "done", Text: "Account changed."},
	"leaving":         {Kind: "note", Text: "The account is now read-only. We have sent you an email about it."},
	"kept": {
		Kind: "done",
		Text: "The account stays. Everything is as it was, but for links, keys and invitations that ended.",
	},
	"left_team":  {Kind: "done", Text: "You have left. You no longer have access."},
	"forgotten":  {Kind: "done", Text: "Your login is erased. Thank you for having been here."},
	"sent_again": {Kind: "done", Text: "Sent again. Only the newest email opens."},
}

// SetFlash leaves a sentence for the next page, with the path of the form that undoes it, or "".
func (f *Frame) SetFlash(w http.ResponseWriter, code, undo string) {
	f.SetCookie(w, FlashCookie, code+"|"+undo, time.Minute)
}

// SetEntryFlash is SetFlash about an entry, which the next page may offer to tell the party of.
func (f *Frame) SetEntryFlash(w http.ResponseWriter, code, undo string, entry uuid.UUID) {
	f.SetCookie(w, FlashCookie, code+"|"+undo+"|"+entry.String(), time.Minute)
}

// takeFlash reads the sentence left for this page and removes it.
func (f *Frame) takeFlash(w http.ResponseWriter, r *Request) *ui.Flash {
	value := f.ReadCookie(r.Request, FlashCookie)
	if value == "" || r.Method != http.MethodGet || r.wantsJSON() || r.route.KeepsFlash {
		return nil
	}
	f.SetCookie(w, FlashCookie, "", -time.Second)
	code, rest, _ := strings.Cut(value, "|")
	undo, entry, _ := strings.Cut(rest, "|")
	flash, ok := flashes[code]
	if !ok {
		return nil
	}
	if strings.HasPrefix(undo, "/b/") {
		flash.Undo = LocalPath(undo, "")
	}
	if id, err := uuid.Parse(entry); err == nil {
		flash.Send.Entry = id.String()
	}
	return &flash
}
