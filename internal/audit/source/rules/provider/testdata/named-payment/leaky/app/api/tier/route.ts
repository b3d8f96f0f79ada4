import Stripe from 'stripe'
import { auth } from '@/auth'

const stripe = new Stripe(process.env.STRIPE_SECRET_KEY!)

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { tier } = await req.json()
  if (tier === 'free') return Response.json({ url: '/home' })
  const checkout = await stripe.checkout.sessions.create({
    mode: 'subscription',
    client_reference_id: session.user.id,
    line_items: [{ price: tier, quantity: 1 }],
    success_url: process.env.APP_URL!,
  })
  return Response.json({ url: checkout.url })
}
