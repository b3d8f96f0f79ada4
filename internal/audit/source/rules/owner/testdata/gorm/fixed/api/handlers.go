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
	Name    string
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
	if err := a.DB.Where("id = ? AND user_id = ?", c.Param("id"), c.GetUint("userID")).First(&d).Error; err != nil {
		c.Status(http.StatusNotFound)
		return
	}
	c.JSON(http.StatusOK, d)
}

func (a *API) deleteDocument(c *gin.Context) {
	if err := a.DB.Where("id = ? AND user_id = ?", c.Param("id"), c.GetUint("userID")).Delete(&Document{}).Error; err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Status(http.StatusNoContent)
}

func (a *API) spend(c *gin.Context) {
	res := a.DB.Model(&User{}).Where("id = ? AND credits >= 1", c.GetUint("userID")).Update("credits", gorm.Expr("credits - 1"))
	if res.Error != nil || res.RowsAffected == 0 {
		c.Status(http.StatusPaymentRequired)
		return
	}
	c.Status(http.StatusNoContent)
}

func (a *API) updateMe(c *gin.Context) {
	var in struct{ Name string }
	if err := c.ShouldBindJSON(&in); err != nil {
		c.Status(http.StatusBadRequest)
		return
	}
	a.DB.Model(&User{}).Where("id = ?", c.GetUint("userID")).Update("name", in.Name)
	c.Status(http.StatusNoContent)
}
