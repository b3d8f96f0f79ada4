package api

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"gorm.io/gorm"
)

type Document struct {
	ID     uint
	UserID uint
	Title  string
	Body   string
}

type User struct {
	ID      uint
	Credits int
	Role    string
}

type API struct{ DB *gorm.DB }

func (a *API) Register(r *gin.Engine) {
	g := r.Group("/api", a.auth)
	g.GET("/documents/:id", a.getDocument)
	g.DELETE("/documents/:id", a.deleteDocument)
	g.POST("/spend", a.spend)
	g.PUT("/me", a.updateMe)
}

func (a *API) auth(c *gin.Context) {
	token, err := c.Cookie("session")
	if err != nil {
		c.AbortWithStatus(http.StatusUnauthorized)
		return
	}
	var s struct{ UserID uint }
	if err := a.DB.Table("sessions").Where("token = ?", token).First(&s).Error; err != nil {
		c.AbortWithStatus(http.StatusUnauthorized)
		return
	}
	c.Set("userID", s.UserID)
	c.Next()
}

func (a *API) getDocument(c *gin.Context) {
	var d Document
	if err := a.DB.First(&d, c.Param("id")).Error; err != nil {
		c.Status(http.StatusNotFound)
		return
	}
	c.JSON(http.StatusOK, d)
}

func (a *API) deleteDocument(c *gin.Context) {
	if err := a.DB.Where("id = ?", c.Param("id")).Delete(&Document{}).Error; err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Status(http.StatusNoContent)
}

func (a *API) spend(c *gin.Context) {
	var u User
	if err := a.DB.First(&u, c.GetUint("userID")).Error; err != nil {
		c.Status(http.StatusNotFound)
		return
	}
	if u.Credits < 1 {
		c.Status(http.StatusPaymentRequired)
		return
	}
	u.Credits--
	if err := a.DB.Save(&u).Error; err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Status(http.StatusNoContent)
}

func (a *API) updateMe(c *gin.Context) {
	var u User
	if err := a.DB.First(&u, c.GetUint("userID")).Error; err != nil {
		c.Status(http.StatusNotFound)
		return
	}
	if err := c.ShouldBindJSON(&u); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	a.DB.Save(&u)
	c.JSON(http.StatusOK, u)
}
