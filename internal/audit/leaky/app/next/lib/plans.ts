export const plans = {
  price_pro_month: { name: 'pro', interval: 'month', credits: 100 },
  price_pro_year: { name: 'pro', interval: 'year', credits: 100 },
}
