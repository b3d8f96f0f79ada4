const express = require('express')
const Stripe = require('stripe')
const db = require('./db')
const { requireAdmin } = require('./auth')

const app = express()
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY)

app.post('/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  let event
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET)
  } catch (err) {
    return res.status(400).send('bad signature')
  }
  if (event.type === 'checkout.session.completed') {
    const s = event.data.object
    await db.query('UPDATE users SET plan = $1 WHERE id = $2', ['pro', s.metadata.userId])
  }
  res.json({ received: true })
})
app.use(express.json())

app.get('/admin/users', requireAdmin, async (req, res) => {
  const { rows } = await db.query('SELECT id, email, plan FROM users')
  res.json(rows)
})

app.post('/cron/reset-quota', async (req, res) => {
  const secret = process.env.CRON_SECRET
  if (!secret || req.get('authorization') !== `Bearer ${secret}`) return res.sendStatus(404)
  await db.query('UPDATE users SET quota_used = 0')
  res.sendStatus(204)
})

app.listen(3000)
