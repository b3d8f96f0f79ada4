package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
func (s *Server) settingsView(r *frame.Request) (settings.View, error) {
	if err := r.Read(nil); err != nil {
		return settings.View{}, err
	}
	sessions, err := s.Accounts.ListSessions(r.Context(), r.Caller)
	if err != nil {
		return settings.View{}, err
	}
	view := settings.View{Shell: r.Shell(), Name: r.Person.Name, Email: r.Person.Email, Language: r.Person.Locale}
	teams, err := s.Accounts.Memberships(r.Context(), r.Caller)
	if err != nil {
		return settings.View{}, err
	}
	for _, m := range teams {
		view.Teams = append(view.Teams, settings.Team{ID: m.ID.String(), Account: m.AccountName, Shop: m.BusinessName, Role: m.Role, Stays: m.Stays})
		view.LastOwner = view.LastOwner || m.Stays
	}
	for _, x := range sessions {
		view.Sessions = append(view.Sessions, settings.Session{ID: x.ID.String(), Device: deviceName(x.UserAgent), Network: x.Network, Seen: x.SeenAt, Current: x.Current})
	}
	return view, nil
}

func (s *Server) SettingsForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := s.settingsView(r)
	if err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, settings.Page(view))
	return nil
}

func (s *Server) SaveSettings(w http.ResponseWriter, r *frame.Request) error {
	name, locale := r.PostFormValue("name"), i18n.Known(r.PostFormValue("locale"))
	if err := s.Accounts.UpdateProfile(r.Context(), r.Caller, name, locale); err != nil {
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form {
			v.Name, v.Language = name, locale
			return &v.Profile
		})
	}
	s.SetFlash(w, "saved", "")
	return s.Redirect(w, r, "/settings")
}

func (s *Server) ChangePassword(w http.ResponseWriter, r *frame.Request) error {
	err := s.Accounts.ChangePassword(r.Context(), r.Caller, r.PostFormValue("current"), r.PostFormValue("password"))
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Password })
	}
	s.SetFlash(w, "password", "")
	return s.Redirect(w, r, "/settings")
}

// settingsAgain shows the settings with what is to be mended in one of their forms.
func (s *Server) settingsAgain(w http.ResponseWriter, r *frame.Request, cause error, form func(*settings.View) *ui.Form) error {
	view, err := s.settingsView(r)
	if err != nil {
		return err
	}
	if err := r.FormFault(form(&view), cause); err != nil {
		return err
	}
	s.Render(w, r, frame.FormStatus(cause), settings.Page(view))
	return nil
}

func (s *Server) EndOneSession(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.PathID("id")
	if err != nil {
		return err
	}
	if err := s.Accounts.EndSession(r.Context(), r.Caller, id); err != nil {
		return err
	}
	s.SetFlash(w, "session_ended", "")
	return s.Redirect(w, r, "/settings")
}

func (s *Server) SwitchAccount(w http.ResponseWriter, r *frame.Request) error {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if err := s.Accounts.SwitchAccount(r.Context(), r.Caller, id); err != nil {
		return err
	}
	s.SetFlash(w, "account_changed", "")
	return s.Redirect(w, r, frame.LocalPath(r.PostFormValue("next"), "/"))
}

func (s *Server) teamView(r *frame.Request) (team.View, error) {
	if err := r.Read(nil); err != nil {
		return team.View{}, err
	}
	members, invitations, err := s.Accounts.Team(r.Context(), r.Caller)
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
		view.Members = append(view.Members, team.Member{ID: m.ID.String(), Name: m.Name, Email: m.Email, Role: m.Role, Shop: m.BusinessName, You: m.You, Stays: m.Stays})
	}
	for _, i := range invitations {
		view.Invitations = append(view.Invitations, team.Invitation{ID: i.ID.String(), Email: i.Email, Role: i.Role, Shop: i.BusinessName, Sent: i.CreatedAt, Ends: i.ExpiresAt})
	}
	return view, nil
}

func (s *Server) TeamPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := s.teamView(r)
	if err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, team.Page(view))
	return nil
}

func (s *Server) Invite(w http.ResponseWriter, r *frame.Request) error {
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
	if err := s.Accounts.Invite(r.Context(), r.Caller, id, email, role, business); err != nil {
		view, e := s.teamView(r)
		if e != nil {
			return e
		}
		view.Email, view.Role, view.Scope = email, role, r.PostFormValue("business")
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		s.Render(w, r, frame.FormStatus(err), team.Page(view))
		return nil
	}
	s.SetFlash(w, "invited", "")
	return s.Redirect(w, r, "/team")
}

// teamAction runs one button of the team page for the id in its path.
func (s *Server) teamAction(w http.ResponseWriter, r *frame.Request, flash string, act func(uuid.UUID) error) error {
	id, err := r.PathID("id")
	if err != nil {
		return err
	}
	if err := act(id); err != nil {
		return err
	}
	s.SetFlash(w, flash, "")
	return s.Redirect(w, r, "/team")
}

func (s *Server) ResendInvitation(w http.ResponseWriter, r *frame.Request) error {
	return s.teamAction(w, r, "resent", func(id uuid.UUID) error { return s.Accounts.ResendInvitation(r.Context(), r.Caller, id) })
}

func (s *Server) RevokeInvitation(w http.ResponseWriter, r *frame.Request) error {
	return s.teamAction(w, r, "revoked", func(id uuid.UUID) error { return s.Accounts.RevokeInvitation(r.Context(), r.Caller, id) })
}

func (s *Server) ChangeRole(w http.ResponseWriter, r *frame.Request) error {
	return s.teamAction(w, r, "role", func(id uuid.UUID) error {
		return s.Accounts.ChangeRole(r.Context(), r.Caller, id, r.PostFormValue("role"))
	})
}

func (s *Server) RemoveMember(w http.ResponseWriter, r *frame.Request) error {
	return s.teamAction(w, r, "removed", func(id uuid.UUID) error { return s.Accounts.RemoveMember(r.Context(), r.Caller, id) })
}

func (s *Server) NewBusinessForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, newbusiness.Page(newbusiness.View{Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, Account: r.Person.AccountName, Currency: r.Person.AccountCurrency, Zone: r.TimeZone()}))
	return nil
}

func (s *Server) NewBusiness(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	name, currency, zone := r.PostFormValue("name"), r.PostFormValue("currency"), r.PostFormValue("zone")
	if err := s.addBusiness(r, id, name, currency, zone); err != nil {
		if e := r.Read(nil); e != nil {
			return e
		}
		view := newbusiness.View{Shell: r.Shell(), Form: ui.Form{ID: id.String()}, Account: r.Person.AccountName, Name: name, Currency: currency, Zone: zone}
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		s.Render(w, r, frame.FormStatus(err), newbusiness.Page(view))
		return nil
	}
	s.SetFlash(w, "business_added", "")
	return s.Redirect(w, r, ui.BusinessPath(id.String()))
}

// addBusiness adds a business in a time zone. Both steps may be repeated.
func (s *Server) addBusiness(r *frame.Request, id uuid.UUID, name, currency, zone string) error {
	if err := s.Accounts.AddBusiness(r.Context(), r.Caller, id, name, currency); err != nil {
		return err
	}
	if zone == "" || zone == frame.DefaultZone {
		return nil
	}
	caller := r.Caller
	caller.Business = id
	return s.Accounts.UpdateBusiness(r.Context(), caller, name, zone)
}

func (s *Server) BusinessSettingsForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := s.businessSettingsView(r)
	if err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, businesssettings.Page(view))
	return nil
}

func (s *Server) businessSettingsView(r *frame.Request) (businesssettings.View, error) {
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

func (s *Server) SaveBusinessSettings(w http.ResponseWriter, r *frame.Request) error {
	name, zone := r.PostFormValue("name"), r.PostFormValue("zone")
	if err := s.Accounts.UpdateBusiness(r.Context(), r.Caller, name, zone); err != nil {
		view, e := s.businessSettingsView(r)
		if e != nil {
			return e
		}
		view.Name, view.Zone = name, zone
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		s.Render(w, r, frame.FormStatus(err), businesssettings.Page(view))
		return nil
	}
	s.SetFlash(w, "saved", "")
	return s.Redirect(w, r, r.URL.Path)
}
