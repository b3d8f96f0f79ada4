package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/businesssettings"
	"github.com/tijorihq/tijori/internal/web/page/newbusiness"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/page/team"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// settingsView reads the page of a user's own settings.
func (s *Server) settingsView(r *request) (settings.View, error) {
	if err := r.read(nil); err != nil {
		return settings.View{}, err
	}
	sessions, err := s.Accounts.ListSessions(r.Context(), r.caller)
	if err != nil {
		return settings.View{}, err
	}
	view := settings.View{Shell: r.shell(), Name: r.person.Name, Email: r.person.Email, Language: r.person.Locale}
	teams, err := s.Accounts.Memberships(r.Context(), r.caller)
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

func (s *Server) settingsForm(w http.ResponseWriter, r *request) error {
	view, err := s.settingsView(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, settings.Page(view))
	return nil
}

func (s *Server) saveSettings(w http.ResponseWriter, r *request) error {
	name, locale := r.PostFormValue("name"), i18n.Known(r.PostFormValue("locale"))
	if err := s.Accounts.UpdateProfile(r.Context(), r.caller, name, locale); err != nil {
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form {
			v.Name, v.Language = name, locale
			return &v.Profile
		})
	}
	s.setFlash(w, "saved", "")
	return s.redirect(w, r, "/settings")
}

func (s *Server) changePassword(w http.ResponseWriter, r *request) error {
	err := s.Accounts.ChangePassword(r.Context(), r.caller, r.PostFormValue("current"), r.PostFormValue("password"))
	if err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Password })
	}
	s.setFlash(w, "password", "")
	return s.redirect(w, r, "/settings")
}

// settingsAgain shows the settings with what is to be mended in one of their forms.
func (s *Server) settingsAgain(w http.ResponseWriter, r *request, cause error, form func(*settings.View) *ui.Form) error {
	view, err := s.settingsView(r)
	if err != nil {
		return err
	}
	if err := r.formFault(form(&view), cause); err != nil {
		return err
	}
	s.render(w, r, formStatus(cause), settings.Page(view))
	return nil
}

func (s *Server) endOneSession(w http.ResponseWriter, r *request) error {
	id, err := r.pathID("id")
	if err != nil {
		return err
	}
	if err := s.Accounts.EndSession(r.Context(), r.caller, id); err != nil {
		return err
	}
	s.setFlash(w, "session_ended", "")
	return s.redirect(w, r, "/settings")
}

func (s *Server) switchAccount(w http.ResponseWriter, r *request) error {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if err := s.Accounts.SwitchAccount(r.Context(), r.caller, id); err != nil {
		return err
	}
	s.setFlash(w, "account_changed", "")
	return s.redirect(w, r, localPath(r.PostFormValue("next"), "/"))
}

func (s *Server) teamView(r *request) (team.View, error) {
	if err := r.read(nil); err != nil {
		return team.View{}, err
	}
	members, invitations, err := s.Accounts.Team(r.Context(), r.caller)
	if err != nil {
		return team.View{}, err
	}
	view := team.View{Shell: r.shell(), Form: ui.Form{ID: newID()}, Account: r.person.AccountName}
	for _, b := range r.person.Businesses {
		if b.AccountID == r.person.AccountID {
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

func (s *Server) teamPage(w http.ResponseWriter, r *request) error {
	view, err := s.teamView(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, team.Page(view))
	return nil
}

func (s *Server) invite(w http.ResponseWriter, r *request) error {
	id, err := r.formID()
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
	if err := s.Accounts.Invite(r.Context(), r.caller, id, email, role, business); err != nil {
		view, e := s.teamView(r)
		if e != nil {
			return e
		}
		view.Email, view.Role, view.Scope = email, role, r.PostFormValue("business")
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), team.Page(view))
		return nil
	}
	s.setFlash(w, "invited", "")
	return s.redirect(w, r, "/team")
}

// teamAction runs one button of the team page for the id in its path.
func (s *Server) teamAction(w http.ResponseWriter, r *request, flash string, act func(uuid.UUID) error) error {
	id, err := r.pathID("id")
	if err != nil {
		return err
	}
	if err := act(id); err != nil {
		return err
	}
	s.setFlash(w, flash, "")
	return s.redirect(w, r, "/team")
}

func (s *Server) resendInvitation(w http.ResponseWriter, r *request) error {
	return s.teamAction(w, r, "resent", func(id uuid.UUID) error { return s.Accounts.ResendInvitation(r.Context(), r.caller, id) })
}

func (s *Server) revokeInvitation(w http.ResponseWriter, r *request) error {
	return s.teamAction(w, r, "revoked", func(id uuid.UUID) error { return s.Accounts.RevokeInvitation(r.Context(), r.caller, id) })
}

func (s *Server) changeRole(w http.ResponseWriter, r *request) error {
	return s.teamAction(w, r, "role", func(id uuid.UUID) error {
		return s.Accounts.ChangeRole(r.Context(), r.caller, id, r.PostFormValue("role"))
	})
}

func (s *Server) removeMember(w http.ResponseWriter, r *request) error {
	return s.teamAction(w, r, "removed", func(id uuid.UUID) error { return s.Accounts.RemoveMember(r.Context(), r.caller, id) })
}

func (s *Server) newBusinessForm(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, newbusiness.Page(newbusiness.View{Shell: r.shell(), Form: ui.Form{ID: newID()}, Account: r.person.AccountName, Currency: r.person.AccountCurrency, Zone: r.timeZone()}))
	return nil
}

func (s *Server) newBusiness(w http.ResponseWriter, r *request) error {
	id, err := r.formID()
	if err != nil {
		return err
	}
	name, currency, zone := r.PostFormValue("name"), r.PostFormValue("currency"), r.PostFormValue("zone")
	if err := s.addBusiness(r, id, name, currency, zone); err != nil {
		if e := r.read(nil); e != nil {
			return e
		}
		view := newbusiness.View{Shell: r.shell(), Form: ui.Form{ID: id.String()}, Account: r.person.AccountName, Name: name, Currency: currency, Zone: zone}
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), newbusiness.Page(view))
		return nil
	}
	s.setFlash(w, "business_added", "")
	return s.redirect(w, r, ui.BusinessPath(id.String()))
}

// addBusiness adds a business in a time zone. Both steps may be repeated.
func (s *Server) addBusiness(r *request, id uuid.UUID, name, currency, zone string) error {
	if err := s.Accounts.AddBusiness(r.Context(), r.caller, id, name, currency); err != nil {
		return err
	}
	if zone == "" || zone == defaultZone {
		return nil
	}
	caller := r.caller
	caller.Business = id
	return s.Accounts.UpdateBusiness(r.Context(), caller, name, zone)
}

func (s *Server) businessSettingsForm(w http.ResponseWriter, r *request) error {
	view, err := s.businessSettingsView(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, businesssettings.Page(view))
	return nil
}

func (s *Server) businessSettingsView(r *request) (businesssettings.View, error) {
	var totals ledger.Totals
	err := r.read(func(_ postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(b, &totals) })
	if err != nil {
		return businesssettings.View{}, err
	}
	b, plan := r.person.Business, s.plan(r)
	return businesssettings.View{
		Shell: r.shell(), Name: b.Name, Currency: b.Currency, Zone: b.TimeZone,
		CanExport: plan.Has(entitlementExport), PartiesCount: totals.Parties, PartiesAllowed: plan.PartiesMax,
	}, nil
}

func (s *Server) saveBusinessSettings(w http.ResponseWriter, r *request) error {
	name, zone := r.PostFormValue("name"), r.PostFormValue("zone")
	if err := s.Accounts.UpdateBusiness(r.Context(), r.caller, name, zone); err != nil {
		view, e := s.businessSettingsView(r)
		if e != nil {
			return e
		}
		view.Name, view.Zone = name, zone
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), businesssettings.Page(view))
		return nil
	}
	s.setFlash(w, "saved", "")
	return s.redirect(w, r, r.URL.Path)
}
