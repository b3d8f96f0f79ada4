import Stripe from 'stripe'
import { auth } from '@/auth'

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { amount, name } = await req.json()
  const checkout = await stripe.checkout.sessions.create({
    mode: 'payment',
    customer_email: session.user.email!,
    line_items: [{ price_data: { currency: 'usd', unit_amount: amount, product_data: { name } }, quantity: 1 }],
    metadata: { userId: session.user.id },
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
