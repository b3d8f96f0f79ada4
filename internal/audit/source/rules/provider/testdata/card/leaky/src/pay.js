const express = require('express')
const { pool } = require('./db')
const { requireUser } = require('./auth')

const router = express.Router()
router.post('/cards', requireUser, async (req, res) => {
  const { number, cvv } = req.body
  await pool.query('INSERT INTO cards (user_id, card_number, cvv) VALUES ($1, $2, $3)', [req.user.id, number, cvv])
  res.sendStatus(204)
})
module.exports = router
