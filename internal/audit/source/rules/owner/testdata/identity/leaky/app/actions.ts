'use server'
import { cookies } from 'next/headers'
import { prisma } from '@/lib/prisma'

export async function myOrders() {
  const userId = (await cookies()).get('user_id')?.value
  return prisma.order.findMany({ where: { userId } })
}

export async function addNote(userId: string, text: string) {
  await prisma.note.create({ data: { userId, text } })
}
