import { knex } from './knex'

export async function refillDue() {
  await knex('accounts').where('next_refill', '<=', knex.fn.now()).where('paid_until', '>', knex.fn.now()).update({ credits: knex.raw('plan_credits'), next_refill: knex.raw("next_refill + interval '1 month'") })
}
setInterval(refillDue, 60_000)
