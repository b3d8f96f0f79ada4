const express = require('express')
const { cache } = require('./cache')
const { requireUser } = require('./auth')
const { pool } = require('./pool')

const router = express.Router()
router.get('/summary', requireUser, cache(60), async (req, res) => {
  const { rows } = await pool.query('SELECT month, total FROM bills WHERE user_id = $1', [req.user.id])
  res.json(rows)
})
router.get('/rates', cache(60), async (req, res) => {
  const { rows } = await pool.query('SELECT currency, rate FROM rates')
  res.json(rows)
})
module.exports = router
