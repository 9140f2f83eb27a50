# firstworld_gdp.csv and firstworld_population.csv from their parents:
#   awk -f derive_firstworld.awk series/firstworld_gdp_maddison2010.csv series/firstworld_gdp_maddison2023.csv
# The rows of the first file as they stand, to 2008; after it the growth of the second: v(y) = a(2008) b(y)/b(2008).
BEGIN { FS = ","; print "year,value" }
/^[-0-9]/ {
    if (FNR == NR) { print $1 "," $2; last = $1; level = $2 }
    else if ($1 == last) base = $2
    else if ($1 > last) printf "%s,%.8g\n", $1, level * $2 / base
}
