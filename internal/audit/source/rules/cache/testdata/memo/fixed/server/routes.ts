import express from 'express'
import { requireUser } from './auth'
import { pool } from './db'

const router = express.Router()

router.get('/stats', requireUser, async (req, res) => {
  const { rows } = await pool.query('SELECT count(*) FROM events WHERE account_id = $1', [req.user.accountId])
  res.json(rows[0])
})

export default router
