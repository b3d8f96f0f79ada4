package frame

import (
	"net/http"
	"strings"
	"time"

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
	"entry_saved":    {Kind: "done", Text: "Saved."},
	"entry_deleted":  {Kind: "done", Text: "Entry moved to the bin."},
	"entry_restored": {Kind: "done", Text: "Entry restored."},
	"imported":       {Kind: "done", Text: "The file is in the khata."},
	"import_stopped": {Kind: "note", Text: "Stopped. Nothing was brought in."},
	"batch_saved":    {Kind: "done", Text: "Saved."},
	"batch_some":     {Kind: "note", Text: "The good rows are saved. The others stay here to mend."},
	"lock_set":       {Kind: "done", Text: "Written down. The lock is as you see it."},
	"shared":         {Kind: "done", Text: "The link is ready."},
	"share_ended":    {Kind: "done", Text: "The link has ended. It opens nothing any more."},
	"reminded":       {Kind: "done", Text: "The reminder is written down."},
	"business_added": {Kind: "done", Text: "Business added."},
	"saved":          {Kind: "done", Text: "Saved."},
	"password":       {Kind: "done", Text: "Password changed. Other devices are signed out."},
	"invited":        {Kind: "done", Text: "Invitation sent."},
	"resent":         {Kind: "done", Text: "Invitation sent again. The older link does not work any more."},
	"revoked":        {Kind: "done", Text: "Invitation withdrawn."},
	"removed":        {Kind: "done", Text: "Removed. They have no access any more."},
	"role":           {Kind: "done", Text: "Role changed."},
	"joined":         {Kind: "done", Text: "You are in."},
	"session_ended":  {Kind: "done", Text: "That device is signed out."},
	"signed_out_all": {Kind: "done", Text: "You are signed out everywhere."},
	"ended":          {Kind: "note", Text: "Your plan has ended. Nothing more is charged."},
	"canceled": {
		Kind: "note",
		Text: "Your plan will not renew. It stays until the end of the time you paid for.",
	},
	"plan_changed":    {Kind: "done", Text: "Your plan is changed."},
	"plan_changes":    {Kind: "done", Text: "Written down. Your plan changes on the day that the page names."},
	"discarded":       {Kind: "note", Text: "Given up. Nothing was paid."},
	"resumed":         {Kind: "done", Text: "Your plan renews again."},
	"not_paid":        {Kind: "note", Text: "Nothing was paid. You can try again at any time."},
	"key_revoked":     {Kind: "done", Text: "The key has ended. It opens nothing any more."},
	"account_changed": {Kind: "done", Text: "Account changed."},
	"leaving":         {Kind: "note", Text: "The account stands still from now on. We have sent you a mail about it."},
	"kept": {
		Kind: "done",
		Text: "The account stays. Everything is as it was, but for links, keys and invitations that ended.",
	},
	"left_team":  {Kind: "done", Text: "You have left. Nothing of it opens for you any more."},
	"forgotten":  {Kind: "done", Text: "Your login is erased. Thank you for having been here."},
	"sent_again": {Kind: "done", Text: "Sent again. Only the newest mail opens."},
}

// SetFlash leaves a sentence for the next page, with the path of the form that undoes it, or "".
func (f *Frame) SetFlash(w http.ResponseWriter, code, undo string) {
	f.SetCookie(w, FlashCookie, code+"|"+undo, time.Minute)
}

// takeFlash reads the sentence left for this page and removes it.
func (f *Frame) takeFlash(w http.ResponseWriter, r *Request) *ui.Flash {
	value := f.ReadCookie(r.Request, FlashCookie)
	if value == "" || r.Method != http.MethodGet || r.wantsJSON() || r.route.KeepsFlash {
		return nil
	}
	f.SetCookie(w, FlashCookie, "", -time.Second)
	code, undo, _ := strings.Cut(value, "|")
	flash, ok := flashes[code]
	if !ok {
		return nil
	}
	if strings.HasPrefix(undo, "/b/") {
		flash.Undo = LocalPath(undo, "")
	}
	return &flash
}
