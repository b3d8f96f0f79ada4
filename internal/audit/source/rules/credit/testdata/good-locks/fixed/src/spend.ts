import { prisma } from './prisma'
import { Prisma } from '@prisma/client'
import { supabase } from './client'

export async function spendSerializable(userId: string, n: number) {
  for (let i = 0; i < 3; i++) {
    try {
      return await prisma.$transaction(
        async (tx) => {
          const a = await tx.account.findUniqueOrThrow({ where: { userId } })
          if (a.credits < n) throw new Error('insufficient')
          return tx.account.update({ where: { userId }, data: { credits: a.credits - n } })
        },
        { isolationLevel: Prisma.TransactionIsolationLevel.Serializable },
      )
    } catch (e) {
      if ((e as { code?: string }).code !== 'P2034') throw e
    }
  }
}

export async function spendVersioned(userId: string, n: number) {
  const a = await prisma.account.findUniqueOrThrow({ where: { userId } })
  if (a.credits < n) throw new Error('insufficient')
  const { count } = await prisma.account.updateMany({ where: { userId, version: a.version }, data: { credits: a.credits - n, version: { increment: 1 } } })
  if (count === 0) throw new Error('try again')
}

export async function spendRawLock(userId: string, n: number) {
  return prisma.$transaction(async (tx) => {
    const [a] = await tx.$queryRaw<{ credits: number }[]>`SELECT credits FROM accounts WHERE user_id = ${userId} FOR UPDATE`
    if (!a || a.credits < n) throw new Error('insufficient')
    await tx.account.update({ where: { userId }, data: { credits: a.credits - n } })
  })
}

export async function setTheme(userId: string, theme: string) {
  const s = await prisma.settings.findUnique({ where: { userId } })
  await prisma.settings.update({ where: { userId }, data: { theme, changes: (s?.changes ?? 0) + 1 } })
}
