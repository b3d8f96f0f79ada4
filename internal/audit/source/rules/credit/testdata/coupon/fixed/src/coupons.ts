import { Router } from 'express'
import { pool } from './db'
import { requireUser } from './auth'

export const router = Router()

router.post('/coupons/redeem', requireUser, async (req, res) => {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows } = await client.query('UPDATE coupons SET uses = uses + 1 WHERE code = $1 AND uses < max_uses RETURNING id, credits', [req.body.code])
    if (!rows[0]) {
      await client.query('ROLLBACK')
      return res.status(409).json({ error: 'used_up' })
    }
    await client.query('UPDATE accounts SET credits = credits + $1 WHERE id = $2', [rows[0].credits, req.user.accountId])
    await client.query('COMMIT')
    res.status(204).end()
  } catch (e) {
    await client.query('ROLLBACK')
    throw e
  } finally {
    client.release()
  }
})
