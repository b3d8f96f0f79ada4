import { initTRPC, TRPCError } from '@trpc/server'
import { auth } from '../auth'
import { prisma } from '../prisma'

export const createContext = async () => ({ session: await auth(), prisma })
const t = initTRPC.context<typeof createContext>().create()
export const router = t.router
export const publicProcedure = t.procedure
export const protectedProcedure = t.procedure.use(({ ctx, next }) => {
  if (!ctx.session?.user) throw new TRPCError({ code: 'UNAUTHORIZED' })
  return next({ ctx: { ...ctx, user: ctx.session.user } })
})
