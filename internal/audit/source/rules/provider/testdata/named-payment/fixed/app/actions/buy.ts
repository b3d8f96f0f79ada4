'use server'

import { auth } from '@/auth'
import { begin } from '@/lib/pay'

const prices: Record<string, number> = { small: 500, large: 900 }

export async function buy(choice: string) {
  const session = await auth()
  if (!session?.user) throw new Error('sign in')
  const amount = prices[choice]
  if (!amount) throw new Error('no such pack')
  return begin({ email: session.user.email, amount, metadata: { buyer: session.user.id } })
}
