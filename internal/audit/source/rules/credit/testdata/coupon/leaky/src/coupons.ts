import { Router } from 'express'
import { pool } from './db'
import { requireUser } from './auth'

export const router = Router()

router.post('/coupons/redeem', requireUser, async (req, res) => {
  const { rows } = await pool.query('SELECT id, uses, max_uses, credits FROM coupons WHERE code = $1', [req.body.code])
  const coupon = rows[0]
  if (!coupon) return res.status(404).end()
  if (coupon.uses >= coupon.max_uses) return res.status(409).json({ error: 'used_up' })
  await pool.query('UPDATE coupons SET uses = uses + 1 WHERE id = $1', [coupon.id])
  await pool.query('UPDATE accounts SET credits = credits + $1 WHERE id = $2', [coupon.credits, req.user.accountId])
  res.status(204).end()
})
