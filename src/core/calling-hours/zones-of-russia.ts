/**
 * Where in Russia a number or an address is, as far as it tells. Zones stand for all with the same clock, as in `zone-data.ts`.
 *
 * Sources: the numbering plan (order of the Ministry of Digital Development 205 of 2021: codes of regions; mobile codes belong to no zone since
 * numbers are ported over the whole country), Federal Law 107-FZ on time with its amendments up to 2020 (zones of regions), Russian Post's ranges
 * of indexes, the census of 2021 (cities above 100,000).
 */
const ZONES = {
  kaliningrad: 'Europe/Kaliningrad',
  moscow: 'Europe/Moscow',
  samara: 'Europe/Astrakhan',
  yekaterinburg: 'Asia/Yekaterinburg',
  omsk: 'Asia/Omsk',
  krasnoyarsk: 'Asia/Novosibirsk',
  irkutsk: 'Asia/Irkutsk',
  yakutsk: 'Asia/Chita',
  vladivostok: 'Asia/Vladivostok',
  magadan: 'Asia/Magadan',
  kamchatka: 'Asia/Kamchatka',
} as const;
type ZoneName = keyof typeof ZONES;

/** Codes of regions behind +7; other codes that begin with 4 or 8 keep the time of Moscow. Yakutia (411) has three zones. */
const CODES: Readonly<Record<ZoneName, string>> = {
  kaliningrad: '401',
  moscow: '365 978',
  samara: '341 842 845 846 848 851',
  yekaterinburg: '342 343 345 346 347 349 351 352 353',
  omsk: '381',
  krasnoyarsk: '382 383 384 385 388 390 391 394',
  irkutsk: '301 395',
  yakutsk: '302 411 416',
  vladivostok: '411 421 423 426',
  magadan: '411 413 424',
  kamchatka: '415 427',
};
const CODES_OF_MOSCOW = /^(47|48|49|81|82|83|86|87)\d|^(844|855|843|847)/;

/** First three digits of postal indexes; all others from 101 to 413 keep the time of Moscow. */
const INDEXES: Readonly<Record<ZoneName, string>> = {
  kaliningrad: '236-238',
  moscow: '',
  samara: '410-416 426-427 432-433 443-446',
  yekaterinburg: '450-457 460-462 614-629 640-641',
  omsk: '644-646',
  krasnoyarsk: '630-636 647-649 650-663 667-668',
  irkutsk: '664-666 669-671',
  yakutsk: '672-678 687-687',
  vladivostok: '677-682 690-692',
  magadan: '677-678 685-686 693-694',
  kamchatka: '683-684 688-689',
};
const INDEXES_OF_MOSCOW = /^(1\d\d|2\d\d|3\d\d|40[0-4]|42[0-5]|42[89]|43[01]|44[0-2])/;

/** Regions and cities in small letters, `ё` as `е`. A name that two zones have stands in both. */
const PLACES: Readonly<Record<ZoneName, string>> = {
  kaliningrad: 'калининград, калининградская, kaliningrad',
  moscow:
    'москва, московская, санкт-петербург, спб, петербург, ленинградская, moscow, moskva, saint petersburg, st petersburg, sankt-peterburg, адыгея, архангельск, архангельская, белгород, белгородская, брянск, брянская, владимир, владимирская, волгоград, волгоградская, вологда, вологодская, воронеж, воронежская, дагестан, махачкала, иваново, ивановская, ингушетия, кабардино-балкария, нальчик, калмыкия, элиста, калуга, калужская, карачаево-черкесия, черкесск, карелия, петрозаводск, киров, кировская, коми, сыктывкар, кострома, костромская, краснодар, краснодарский, сочи, новороссийск, крым, симферополь, севастополь, курск, курская, липецк, липецкая, марий эл, йошкар-ола, мордовия, саранск, мурманск, мурманская, нижний новгород, нижегородская, дзержинск, великий новгород, новгородская, орел, орловская, пенза, пензенская, псков, псковская, ростов-на-дону, ростовская, таганрог, шахты, рязань, рязанская, северная осетия, владикавказ, смоленск, смоленская, ставрополь, ставропольский, пятигорск, тамбов, тамбовская, татарстан, казань, набережные челны, нижнекамск, альметьевск, тверь, тверская, тула, тульская, чебоксары, чувашия, чечня, грозный, ярославль, ярославская, рыбинск, череповец, волжский, старый оскол, северодвинск, балашиха, подольск, химки, мытищи, королев, люберцы, красногорск, одинцово, домодедово, серпухов, коломна, электросталь, щелково, новочеркасск, волгодонск, армавир, майкоп, обнинск, железногорск, kazan, nizhny novgorod, rostov-on-don, krasnodar, sochi, voronezh, volgograd',
  samara:
    'самара, самарская, тольятти, сызрань, ульяновск, ульяновская, димитровград, саратов, саратовская, энгельс, балаково, астрахань, астраханская, ижевск, удмуртия, удмуртская, samara, saratov, izhevsk, ulyanovsk, astrakhan, togliatti',
  yekaterinburg:
    'екатеринбург, свердловская, нижний тагил, каменск-уральский, первоуральск, челябинск, челябинская, магнитогорск, златоуст, миасс, копейск, пермь, пермский, березники, уфа, башкортостан, башкирия, стерлитамак, салават, нефтекамск, октябрьский, благовещенск, оренбург, оренбургская, орск, тюмень, тюменская, тобольск, сургут, нижневартовск, нефтеюганск, ханты-мансийск, ханты-мансийский, хмао, новый уренгой, ноябрьск, салехард, ямало-ненецкий, янао, курган, курганская, yekaterinburg, ekaterinburg, chelyabinsk, perm, ufa, tyumen, orenburg, surgut',
  omsk: 'омск, омская, omsk',
  krasnoyarsk:
    'новосибирск, новосибирская, бердск, томск, томская, северск, кемерово, кемеровская, кузбасс, новокузнецк, прокопьевск, барнаул, алтайский, алтай, бийск, рубцовск, горно-алтайск, красноярск, красноярский, норильск, ачинск, железногорск, абакан, хакасия, кызыл, тыва, тува, novosibirsk, krasnoyarsk, tomsk, barnaul, kemerovo, novokuznetsk',
  irkutsk: 'иркутск, иркутская, братск, ангарск, улан-удэ, бурятия, irkutsk, ulan-ude, bratsk',
  yakutsk: 'якутск, якутия, саха, чита, забайкальский, благовещенск, амурская, yakutsk, chita, blagoveshchensk',
  vladivostok:
    'владивосток, приморский, находка, уссурийск, артем, хабаровск, хабаровский, комсомольск-на-амуре, биробиджан, еврейская, якутия, саха, vladivostok, khabarovsk',
  magadan: 'магадан, магаданская, южно-сахалинск, сахалин, сахалинская, якутия, саха, magadan, yuzhno-sakhalinsk',
  kamchatka: 'петропавловск-камчатский, камчатка, камчатский, анадырь, чукотский, чукотка, petropavlovsk-kamchatsky',
};

const zonesOfCodes = invert(CODES, (text) => text.split(' '));
const zonesOfPlaces = invert(PLACES, (text) => text.split(', '));
const ranges = entries(INDEXES).flatMap(([zone, text]) =>
  text
    .split(' ')
    .filter((range) => range !== '')
    .map((range) => ({ zone, from: Number(range.slice(0, 3)), to: Number(range.slice(4)) })),
);
const MOST_WORDS = 3;

/** Zones of an E.164 number of Russia; none when its code tells nothing (mobile and service numbers). */
export function zonesOfRussianNumber(phone: string): readonly string[] {
  const code = phone.slice(2, 5);
  return zonesOfCodes.get(code) ?? (CODES_OF_MOSCOW.test(code) ? [ZONES.moscow] : []);
}

/** Zones of an address in Russia: by its postal index, else by the names in `city`; none when neither tells. */
export function zonesOfRussianPlace(place: { readonly city: string; readonly address: string }): readonly string[] {
  const index = /(?<!\d)\d{6}(?!\d)/.exec(`${place.city} ${place.address}`)?.[0];
  const byIndex = index === undefined ? [] : zonesOfIndex(index);
  return byIndex.length > 0 ? byIndex : zonesOfNames(place.city);
}

function zonesOfIndex(index: string): readonly string[] {
  const head = Number(index.slice(0, 3));
  const found = ranges.filter(({ from, to }) => from <= head && head <= to).map(({ zone }) => ZONES[zone]);
  return found.length > 0 ? found : INDEXES_OF_MOSCOW.test(index) ? [ZONES.moscow] : [];
}

function zonesOfNames(text: string): readonly string[] {
  const words = text
    .toLowerCase()
    .replaceAll('ё', 'е')
    .split(/[^\p{Letter}-]+/u)
    .filter((word) => word !== '');
  const found = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    for (let count = 1; count <= MOST_WORDS; count++) {
      for (const zone of zonesOfPlaces.get(words.slice(at, at + count).join(' ')) ?? []) found.add(zone);
    }
  }
  return [...found];
}

function entries(table: Readonly<Record<ZoneName, string>>): [ZoneName, string][] {
  return Object.entries(table) as [ZoneName, string][];
}

function invert(table: Readonly<Record<ZoneName, string>>, split: (text: string) => string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [zone, text] of entries(table)) {
    for (const key of split(text)) found.set(key, [...(found.get(key) ?? []), ZONES[zone]]);
  }
  return found;
}
