const express = require('express')
const { pool } = require('./db')
const { requireUser } = require('./auth')

const router = express.Router()
router.post('/cards', requireUser, async (req, res) => {
  const { token, last4 } = req.body
  await pool.query('INSERT INTO cards (user_id, provider_token, last4) VALUES ($1, $2, $3)', [req.user.id, token, last4])
  res.sendStatus(204)
})
module.exports = router
