package accounts

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/businesssettings"
	"github.com/tijorihq/tijori/internal/web/page/newbusiness"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/page/team"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// settingsView reads the page of a user's own settings.
func (h *Handlers) settingsView(r *frame.Request) (settings.View, error) {
	if err := r.Read(nil); err != nil {
		return settings.View{}, err
	}
	sessions, err := h.Accounts.ListSessions(r.Context(), r.Caller)
	if err != nil {
		return settings.View{}, err
	}
	view := settings.View{Shell: r.Shell(), Name: r.Person.Name, Email: r.Person.Email, Language: r.Person.Locale}
	teams, err := h.Accounts.Memberships(r.Context(), r.Caller)
	if err != nil {
		return settings.View{}, err
	}
	for _, m := range teams {
		view.Teams = append(view.Teams, settings.Team{
			ID: m.ID.String(), Account: m.AccountName, Shop: m.BusinessName,
			Role: m.Role, Stays: m.Stays,
		})
		view.LastOwner = view.LastOwner || m.Stays
	}
	if view.Waiting, err = h.Accounts.WaitingEmail(r.Context(), r.Caller); err != nil {
		return settings.View{}, err
	}
	factors, err := h.Accounts.ListFactors(r.Context(), r.Caller)
	if err != nil {
		return settings.View{}, err
	}
	view.TwoStep = factors.TwoStep
	for _, x := range sessions {
		view.Sessions = append(view.Sessions, settings.Session{
			ID: x.ID.String(), Device: account.DeviceName(x.UserAgent),
			Network: x.Network, Seen: x.SeenAt, Current: x.Current,
		})
	}
	return view, nil
}

func (h *Handlers) SettingsForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.settingsView(r)
	if err != nil {
		return err
	}
	return r.Page(settings.Page(view))
}

func (h *Handlers) SaveSettings(w http.ResponseWriter, r *frame.Request) error {
	name, locale := r.PostFormValue("name"), i18n.Known(r.PostFormValue("locale"))
	if err := h.Accounts.UpdateProfile(r.Context(), r.Caller, name, locale); err != nil {
		return h.settingsAgain(w, r, err, func(v *settings.View) *ui.Form {
			v.Name, v.Language = name, locale
			return &v.Profile
		})
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/settings")
}

func (h *Handlers) ChangePassword(w http.ResponseWriter, r *frame.Request) error {
	err := h.Accounts.ChangePassword(r.Context(), r.Caller, r.PostFormValue("current"), r.PostFormValue("password"))
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return h.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Password })
	}
	h.SetFlash(w, "password", "")
	return h.Redirect(w, r, "/settings")
}

// settingsAgain shows the settings with what is to be mended in one of their forms.
func (h *Handlers) settingsAgain(
	w http.ResponseWriter, r *frame.Request, cause error, form func(*settings.View) *ui.Form,
) error {
	view, err := h.settingsView(r)
	if err != nil {
		return err
	}
	if err := r.FormFault(form(&view), cause); err != nil {
		return err
	}
	h.Render(w, r, frame.FormStatus(cause), settings.Page(view))
	return nil
}

func (h *Handlers) EndOneSession(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	if err := h.Accounts.EndSession(r.Context(), r.Caller, id); err != nil {
		return err
	}
	h.SetFlash(w, "session_ended", "")
	return h.Redirect(w, r, "/settings")
}

func (h *Handlers) SwitchAccount(w http.ResponseWriter, r *frame.Request) error {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return fault.New(fault.NotFound, "Page not found.")
	}
	if err := h.Accounts.SwitchAccount(r.Context(), r.Caller, id); err != nil {
		return err
	}
	h.SetFlash(w, "account_changed", "")
	return h.Redirect(w, r, frame.LocalPath(r.PostFormValue("next"), "/"))
}

func (h *Handlers) teamView(r *frame.Request) (team.View, error) {
	if err := r.Read(nil); err != nil {
		return team.View{}, err
	}
	members, invitations, err := h.Accounts.Team(r.Context(), r.Caller)
	if err != nil {
		return team.View{}, err
	}
	view := team.View{Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, Account: r.Person.AccountName}
	for _, b := range r.Person.Businesses {
		if b.AccountID == r.Person.AccountID {
			view.Shops = append(view.Shops, ui.Business{ID: b.BusinessID.String(), Name: b.Name})
		}
	}
	for _, m := range members {
		view.Members = append(view.Members, team.Member{
			ID: m.ID.String(), Name: m.Name, Email: m.Email, Role: m.Role,
			Shop: m.BusinessName, You: m.You, Stays: m.Stays,
		})
	}
	for _, i := range invitations {
		view.Invitations = append(view.Invitations, team.Invitation{
			ID: i.ID.String(), Email: i.Email, Role: i.Role,
			Shop: i.BusinessName, Sent: i.CreatedAt, Ends: i.ExpiresAt,
		})
	}
	return view, nil
}

func (h *Handlers) TeamPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.teamView(r)
	if err != nil {
		return err
	}
	return r.Page(team.Page(view))
}

func (h *Handlers) Invite(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	var business *uuid.UUID
	if v := r.PostFormValue("business"); v != "" {
		parsed, err := uuid.Parse(v)
		if err != nil {
			return fault.New(fault.NotFound, "There is no such business.")
		}
		business = &parsed
	}
	email, role := r.PostFormValue("email"), r.PostFormValue("role")
	if err := h.Accounts.Invite(r.Context(), r.Caller, id, email, role, business); err != nil {
		view, e := h.teamView(r)
		if e != nil {
			return e
		}
		view.Email, view.Role, view.Scope = email, role, r.PostFormValue("business")
		return frame.Again(r, err, &view, &view.Form, team.Page)
	}
	h.SetFlash(w, "invited", "")
	return h.Redirect(w, r, "/team")
}

// teamAction runs one button of the team page for the id in its path.
func (h *Handlers) teamAction(w http.ResponseWriter, r *frame.Request, flash string, act func(uuid.UUID) error) error {
	id := r.PathID("id")
	if err := act(id); err != nil {
		return err
	}
	h.SetFlash(w, flash, "")
	return h.Redirect(w, r, "/team")
}

func (h *Handlers) ResendInvitation(w http.ResponseWriter, r *frame.Request) error {
	return h.teamAction(w, r, "resent", func(id uuid.UUID) error {
		return h.Accounts.ResendInvitation(r.Context(),
			r.Caller, id)
	})
}

func (h *Handlers) RevokeInvitation(w http.ResponseWriter, r *frame.Request) error {
	return h.teamAction(w, r, "revoked", func(id uuid.UUID) error {
		return h.Accounts.RevokeInvitation(r.Context(),
			r.Caller, id)
	})
}

func (h *Handlers) ChangeRole(w http.ResponseWriter, r *frame.Request) error {
	return h.teamAction(w, r, "role", func(id uuid.UUID) error {
		return h.Accounts.ChangeRole(r.Context(), r.Caller, id, r.PostFormValue("role"))
	})
}

func (h *Handlers) RemoveMember(w http.ResponseWriter, r *frame.Request) error {
	return h.teamAction(w, r, "removed", func(id uuid.UUID) error {
		return h.Accounts.RemoveMember(r.Context(),
			r.Caller, id)
	})
}

func (h *Handlers) NewBusinessForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	return r.Page(newbusiness.Page(newbusiness.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()},
		Account: r.Person.AccountName, Currency: r.Person.AccountCurrency, Zone: r.TimeZone(),
	}))
}

func (h *Handlers) NewBusiness(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	name, currency, zone := r.PostFormValue("name"), r.PostFormValue("currency"), r.PostFormValue("zone")
	if err := h.addBusiness(r, id, name, currency, zone); err != nil {
		if e := r.Read(nil); e != nil {
			return e
		}
		view := newbusiness.View{
			Shell: r.Shell(), Form: ui.Form{ID: id.String()}, Account: r.Person.AccountName,
			Name: name, Currency: currency, Zone: zone,
		}
		return frame.Again(r, err, &view, &view.Form, newbusiness.Page)
	}
	h.SetFlash(w, "business_added", "")
	return h.Redirect(w, r, ui.BusinessPath(id.String()))
}

// addBusiness adds a business in a time zone. Both steps may be repeated.
func (h *Handlers) addBusiness(r *frame.Request, id uuid.UUID, name, currency, zone string) error {
	if err := h.Accounts.AddBusiness(r.Context(), r.Caller, id, name, currency); err != nil {
		return err
	}
	if zone == "" || zone == frame.DefaultZone {
		return nil
	}
	caller := r.Caller
	caller.Business = id
	return h.Accounts.UpdateBusiness(r.Context(), caller, name, zone)
}

func (h *Handlers) BusinessSettingsForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.businessSettingsView(r)
	if err != nil {
		return err
	}
	return r.Page(businesssettings.Page(view))
}

func (h *Handlers) businessSettingsView(r *frame.Request) (businesssettings.View, error) {
	var totals ledger.Totals
	err := r.Read(func(_ postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(b, &totals) })
	if err != nil {
		return businesssettings.View{}, err
	}
	b, plan := r.Person.Business, r.Plan()
	return businesssettings.View{
		Shell: r.Shell(), Name: b.Name, Currency: b.Currency, Zone: b.TimeZone,
		CanExport: plan.Has(billing.Export), PartiesCount: totals.Parties, PartiesAllowed: plan.PartiesMax,
	}, nil
}

func (h *Handlers) SaveBusinessSettings(w http.ResponseWriter, r *frame.Request) error {
	name, zone := r.PostFormValue("name"), r.PostFormValue("zone")
	if err := h.Accounts.UpdateBusiness(r.Context(), r.Caller, name, zone); err != nil {
		view, e := h.businessSettingsView(r)
		if e != nil {
			return e
		}
		view.Name, view.Zone = name, zone
		return frame.Again(r, err, &view, &view.Form, businesssettings.Page)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, r.URL.Path)
}
