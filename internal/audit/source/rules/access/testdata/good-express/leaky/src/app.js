const express = require('express')
const rateLimit = require('express-rate-limit')
const crypto = require('crypto')
const { pool } = require('./db')
const { stripe } = require('./stripe')
const { requireUser, requireRole } = require('./auth')

const app = express()
app.post('/stripe/webhook', express.raw({ type: 'application/json' }), async (req, res) => {
  let event
  try {
    event = stripe.webhooks.constructEvent(req.body, req.headers['stripe-signature'], process.env.STRIPE_WEBHOOK_SECRET)
  } catch (err) {
    return res.status(400).send(`Webhook Error: ${err.message}`)
  }
  try {
    if (event.type === 'customer.subscription.updated' || event.type === 'customer.subscription.deleted') {
      const sub = event.data.object
      await pool.query('UPDATE accounts SET plan_status = $1, period_end = to_timestamp($2) WHERE stripe_customer_id = $3', [sub.status, sub.current_period_end, sub.customer])
    }
    res.json({ received: true })
  } catch (err) {
    console.error('webhook failed', event.id, err)
    res.status(500).end()
  }
})
app.use(express.json())
app.use(rateLimit({ windowMs: 60000, max: 100 }))

app.post('/signup', async (req, res) => {
  const { email, password } = req.body
  const hash = await hashPassword(password)
  const { rows } = await pool.query('INSERT INTO users (email, password_hash) VALUES ($1, $2) RETURNING id', [email, hash])
  res.status(201).json({ id: rows[0].id })
})

app.get('/articles/:slug', async (req, res) => {
  const { rows } = await pool.query("SELECT title, body FROM articles WHERE slug = $1 AND status = 'published'", [req.params.slug])
  if (!rows[0]) return res.status(404).end()
  res.set('Cache-Control', 'public, max-age=300').json(rows[0])
})

app.get('/orders', requireUser, async (req, res) => {
  const limit = Math.min(Number(req.query.limit) || 20, 100)
  const { rows } = await pool.query('SELECT id, total, status FROM orders WHERE user_id = $1 AND ($2::text IS NULL OR status = $2) ORDER BY id DESC LIMIT $3', [req.user.id, req.query.status ?? null, limit])
  res.json(rows)
})

app.delete('/orders/:id', requireUser, async (req, res) => {
  const { rowCount } = await pool.query('DELETE FROM orders WHERE id = $1 AND user_id = $2', [req.params.id, req.user.id])
  res.status(rowCount ? 204 : 404).end()
})

app.get('/admin/orders/:id', requireUser, requireRole('admin'), async (req, res) => {
  const { rows } = await pool.query('SELECT * FROM orders WHERE id = $1', [req.params.id])
  res.json(rows[0])
})

app.post('/checkout', requireUser, async (req, res) => {
  const prices = { monthly: process.env.PRICE_MONTHLY, yearly: process.env.PRICE_YEARLY }
  const price = prices[req.body.interval]
  if (!price) return res.status(400).end()
  const { rows } = await pool.query('SELECT stripe_customer_id FROM accounts WHERE id = $1', [req.user.accountId])
  const session = await stripe.checkout.sessions.create({ mode: 'subscription', customer: rows[0].stripe_customer_id, line_items: [{ price, quantity: 1 }], client_reference_id: req.user.accountId, success_url: process.env.APP_URL })
  res.json({ url: session.url })
})

app.post('/password/reset', async (req, res) => {
  const hash = crypto.createHash('sha256').update(String(req.body.token)).digest('hex')
  const { rows } = await pool.query('SELECT user_id FROM password_resets WHERE token_hash = $1 AND expires_at > now()', [hash])
  if (!rows[0]) return res.status(400).end()
  await pool.query('UPDATE users SET password_hash = $1 WHERE id = $2', [await hashPassword(req.body.password), rows[0].user_id])
  res.status(204).end()
})

app.post('/logout', requireUser, (req, res) => {
  res.cookie('sid', '', { httpOnly: true, maxAge: 0 })
  res.status(204).end()
})

module.exports = app
