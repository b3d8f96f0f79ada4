const s="whs"+"ec_"+"{{random}}{{random}}";export function verify(b,h){return check(b,h,s)}
