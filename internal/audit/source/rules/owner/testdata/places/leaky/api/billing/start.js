const Stripe = require('stripe')
const { body } = require('./_body')

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY)

module.exports = async (req, res) => {
  const { accountId } = await body(req)
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: process.env.PRICE, quantity: 1 }],
    client_reference_id: accountId,
  })
  res.status(200).json({ url: session.url })
}
