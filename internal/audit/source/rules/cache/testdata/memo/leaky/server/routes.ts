import express from 'express'
import apicache from 'apicache'
import { requireUser } from './auth'
import { pool } from './db'

const router = express.Router()
const cache = apicache.middleware

router.get('/stats', requireUser, cache('5 minutes'), async (req, res) => {
  const { rows } = await pool.query('SELECT count(*) FROM events WHERE account_id = $1', [req.user.accountId])
  res.json(rows[0])
})

export default router
