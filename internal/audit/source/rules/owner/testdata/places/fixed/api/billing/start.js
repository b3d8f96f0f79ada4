const Stripe = require('stripe')
const { createClient } = require('@supabase/supabase-js')

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY)
const supabase = createClient(process.env.SUPABASE_URL, process.env.SUPABASE_ANON_KEY)

module.exports = async (req, res) => {
  const { data } = await supabase.auth.getUser(req.headers.authorization?.split(' ')[1])
  if (!data.user) return res.status(401).end()
  const session = await stripe.checkout.sessions.create({
    mode: 'subscription',
    line_items: [{ price: process.env.PRICE, quantity: 1 }],
    client_reference_id: data.user.id,
  })
  res.status(200).json({ url: session.url })
}
