const express = require('express')
const Razorpay = require('razorpay')
const { requireUser } = require('./auth')

const router = express.Router()
const rzp = new Razorpay({ key_id: process.env.RZP_ID, key_secret: process.env.RZP_SECRET })
const PLANS = { pro: 99900, team: 299900 }

router.post('/orders', requireUser, async (req, res) => {
  const amount = PLANS[req.body.plan]
  if (!amount) return res.status(400).end()
  const order = await rzp.orders.create({ amount, currency: 'INR', receipt: req.user.id, notes: { plan: req.body.plan } })
  res.json(order)
})

module.exports = router
