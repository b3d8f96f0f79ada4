const express = require('express')
const Razorpay = require('razorpay')
const { requireUser } = require('./auth')

const router = express.Router()
const rzp = new Razorpay({ key_id: process.env.RZP_ID, key_secret: process.env.RZP_SECRET })

router.post('/orders', requireUser, async (req, res) => {
  const order = await rzp.orders.create({ amount: req.body.amount * 100, currency: 'INR', receipt: req.user.id })
  res.json(order)
})

module.exports = router
