package main

import (
	"os"

	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	"gorm.io/gorm"
)

type Note struct {
	ID     uint
	UserID string
	Body   string
}

var db *gorm.DB

func auth(c *fiber.Ctx) error {
	raw := c.Get("Authorization")
	token, err := jwt.Parse(raw, func(t *jwt.Token) (interface{}, error) { return []byte(os.Getenv("JWT_SECRET")), nil })
	if err != nil || !token.Valid {
		return c.SendStatus(fiber.StatusUnauthorized)
	}
	c.Locals("user", token.Claims.(jwt.MapClaims)["sub"])
	return c.Next()
}

func main() {
	app := fiber.New()
	app.Get("/notes/:id", auth, func(c *fiber.Ctx) error {
		var n Note
		if err := db.First(&n, "id = ?", c.Params("id")).Error; err != nil {
			return c.SendStatus(404)
		}
		return c.JSON(n)
	})
	app.Get("/users/:id/notes", auth, func(c *fiber.Ctx) error {
		var list []Note
		db.Where("user_id = ?", c.Params("id")).Find(&list)
		return c.JSON(list)
	})
	app.Listen(":3000")
}
