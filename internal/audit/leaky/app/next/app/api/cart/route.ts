import { auth } from '@/auth'
import { stripe } from '@/lib/stripe'

export async function POST(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if price-from-client
  const { items } = await req.json()
  const checkout = await stripe.checkout.sessions.create({
    mode: 'payment',
    line_items: items.map((i: any) => ({
      price_data: { currency: 'usd', unit_amount: Math.round(i.price * 100), product_data: { name: i.name } },
      quantity: i.quantity,
    })),
    success_url: process.env.APP_URL!,
  })
// else
  const checkout = await stripe.checkout.sessions.create({
    mode: 'payment', client_reference_id: session.user.id,
    line_items: [{ price: process.env.PRICE_TOP_UP!, quantity: 1 }], success_url: process.env.APP_URL!,
  })
// end
  return Response.json({ url: checkout.url })
}
