package web

import (
	"encoding/json"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
)

type Server struct{ pool *pgxpool.Pool }

type session struct{ AccountID int64 }

func (s *Server) withSession(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ck, err := c.Cookie("sid")
		if err != nil {
			return echo.NewHTTPError(http.StatusUnauthorized)
		}
		var ses session
		if err := s.pool.QueryRow(c.Request().Context(), `SELECT account_id FROM sessions WHERE sid = $1`, ck.Value).Scan(&ses.AccountID); err != nil {
			return echo.NewHTTPError(http.StatusUnauthorized)
		}
		c.Set("session", ses)
		return next(c)
	}
}

func (s *Server) Routes(e *echo.Echo) {
	g := e.Group("/v1", s.withSession)
	g.GET("/invoices/:id", s.invoice)
	g.GET("/invoices", s.invoices)
}

func (s *Server) invoice(c echo.Context) error {
	row := s.pool.QueryRow(c.Request().Context(), `SELECT id, total, customer_email FROM invoices WHERE id = $1`, c.Param("id"))
	var v struct {
		ID    int64
		Total int64
		Email string
	}
	if err := row.Scan(&v.ID, &v.Total, &v.Email); err != nil {
		return echo.NewHTTPError(http.StatusNotFound)
	}
	return c.JSON(http.StatusOK, v)
}

func (s *Server) invoices(c echo.Context) error {
	rows, err := s.pool.Query(c.Request().Context(), `SELECT id, total FROM invoices WHERE account_id = $1`, c.QueryParam("account"))
	if err != nil {
		return err
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var id, total int64
		if err := rows.Scan(&id, &total); err != nil {
			return err
		}
		out = append(out, total)
	}
	return json.NewEncoder(c.Response()).Encode(out)
}
