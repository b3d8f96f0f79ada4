'use server'

import { auth } from '@/auth'
import { begin } from '@/lib/pay'

export async function buy(choice: { name: string; amount: number }) {
  const session = await auth()
  if (!session?.user) throw new Error('sign in')
  return begin({ email: session.user.email, amount: choice.amount, metadata: { buyer: session.user.id } })
}
