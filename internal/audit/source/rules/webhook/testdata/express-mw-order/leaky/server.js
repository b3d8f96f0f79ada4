const express = require('express')
const Stripe = require('stripe')
const db = require('./db')

const app = express()
const stripe = new Stripe(process.env.STRIPE_SECRET_KEY)
app.use(express.json())

const processed = new Set()

app.post('/webhook', async (req, res) => {
  const event = req.body
  if (processed.has(event.id)) return res.json({ received: true })
  processed.add(event.id)
  if (event.type === 'checkout.session.completed') {
    const s = event.data.object
    await db.query('UPDATE users SET plan = $1 WHERE id = $2', ['pro', s.metadata.userId])
  }
  res.json({ received: true })
})

app.get('/admin/users', async (req, res) => {
  const { rows } = await db.query('SELECT id, email, plan FROM users')
  res.json(rows)
})

app.post('/cron/reset-quota', async (req, res) => {
  await db.query('UPDATE users SET quota_used = 0')
  res.sendStatus(204)
})

app.listen(3000)
