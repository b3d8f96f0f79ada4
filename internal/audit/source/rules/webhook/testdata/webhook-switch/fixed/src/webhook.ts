import express from 'express'
import crypto from 'crypto'
import { db } from './db'

export const app = express()
const secret = process.env.WEBHOOK_SECRET
if (!secret) throw new Error('WEBHOOK_SECRET is not set')

function valid(raw: Buffer, sig: string | undefined) {
  const digest = crypto.createHmac('sha256', secret!).update(raw).digest()
  const given = Buffer.from(sig ?? '', 'hex')
  return given.length === digest.length && crypto.timingSafeEqual(digest, given)
}

app.post('/webhooks/lemon', express.raw({ type: 'application/json' }), async (req, res) => {
  if (!valid(req.body, req.get('x-signature'))) return res.status(401).end()
  const event = JSON.parse(req.body.toString())
  if (event.meta.event_name === 'order_created') {
    await db.query('INSERT INTO orders (order_id, email) VALUES ($1, $2) ON CONFLICT (order_id) DO NOTHING', [event.data.id, event.data.attributes.user_email])
  }
  res.status(200).end()
})
