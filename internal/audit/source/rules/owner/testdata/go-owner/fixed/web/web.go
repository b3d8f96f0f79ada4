package web

import (
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
}

func (s *Server) invoice(c echo.Context) error {
	ses := c.Get("session").(session)
	row := s.pool.QueryRow(c.Request().Context(), `SELECT id, total, customer_email FROM invoices WHERE id = $1 AND account_id = $2`, c.Param("id"), ses.AccountID)
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
