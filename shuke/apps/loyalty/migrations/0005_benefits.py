import django.db.models.deletion
import shuke.apps.loyalty.models.benefits
import shuke.apps.loyalty.models.plans
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0004_tiers'),
        ('members', '0002_merged_members'),
    ]

    operations = [
        migrations.CreateModel(
            name='BenefitCounter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(max_length=40)),
                ('period_start', models.DateField()),
                ('used', models.PositiveIntegerField(default=0)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='benefit_counters', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='BenefitHold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.benefits.new_hold_id, editable=False, max_length=24, unique=True)),
                ('key', models.CharField(max_length=160, unique=True)),
                ('request_hash', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('held', 'held'), ('used', 'used'), ('released', 'released'), ('expired', 'expired')], default='held', max_length=10)),
                ('until', models.DateTimeField()),
                ('created_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('actor', models.CharField(blank=True, max_length=120)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='benefit_holds', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='BenefitTerms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.benefits.new_terms_id, editable=False, max_length=24, unique=True)),
                ('number', models.PositiveIntegerField(unique=True)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('published', 'published')], default='draft', max_length=10)),
                ('starts_on', models.DateField(blank=True, null=True)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('benefits', models.JSONField(default=list)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['starts_on'], name='loyalty_ben_starts__b7be11_idx')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('state',), name='one_benefit_draft'), models.CheckConstraint(condition=models.Q(('state', 'draft'), ('starts_on__isnull', False), _connector='OR'), name='published_terms_begin')],
            },
        ),
        migrations.CreateModel(
            name='BenefitUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('benefit', models.CharField(max_length=40)),
                ('source', models.CharField(max_length=60)),
                ('quantity', models.PositiveIntegerField()),
                ('returned', models.PositiveIntegerField(default=0)),
                ('counter', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='loyalty.benefitcounter')),
                ('hold', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uses', to='loyalty.benefithold')),
            ],
        ),
        migrations.CreateModel(
            name='BenefitMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('reserve', 'reserve'), ('commit', 'commit'), ('release', 'release'), ('expire', 'expire'), ('return', 'return')], max_length=10)),
                ('quantity', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=160)),
                ('at', models.DateTimeField()),
                ('use', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moves', to='loyalty.benefituse')),
            ],
        ),
        migrations.CreateModel(
            name='OwnPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('generation', models.PositiveIntegerField(default=1)),
                ('changed_at', models.DateTimeField()),
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='own_page', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='PaidTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.plans.new_term_id, editable=False, max_length=24, unique=True)),
                ('first_day', models.DateField()),
                ('last_day', models.DateField()),
                ('anchor', models.DateField()),
                ('months', models.PositiveSmallIntegerField()),
                ('price_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('tier', models.CharField(blank=True, max_length=40)),
                ('refund_full_days', models.PositiveSmallIntegerField(default=0)),
                ('refund_after', models.CharField(default='none', max_length=10)),
                ('state', models.CharField(choices=[('active', 'active'), ('cancelled', 'cancelled'), ('over', 'over'), ('refunded', 'refunded')], default='active', max_length=10)),
                ('invitation', models.CharField(blank=True, max_length=24)),
                ('bought_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paid_terms', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='PaidChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160, unique=True)),
                ('request_hash', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('buy', 'buy'), ('renew', 'renew'), ('cancel', 'cancel'), ('refund', 'refund'), ('end', 'end')], max_length=10)),
                ('amount_minor', models.BigIntegerField(default=0)),
                ('reference', models.CharField(blank=True, max_length=120)),
                ('actor', models.CharField(max_length=120)),
                ('at', models.DateTimeField()),
                ('term', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='loyalty.paidterm')),
            ],
        ),
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True)),
                ('names', models.JSONField(default=dict)),
                ('price_minor', models.PositiveBigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('months', models.PositiveSmallIntegerField()),
                ('tier', models.CharField(blank=True, max_length=40)),
                ('refund_full_days', models.PositiveSmallIntegerField(default=0)),
                ('refund_after', models.CharField(choices=[('pro_rata', 'pro_rata'), ('none', 'none')], default='none', max_length=10)),
                ('is_on_sale', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('months__gte', 1), ('months__lte', 120)), name='plan_has_months')],
            },
        ),
        migrations.AddField(
            model_name='paidterm',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='paid_terms', to='loyalty.plan'),
        ),
        migrations.AddIndex(
            model_name='benefitcounter',
            index=models.Index(fields=['benefit', 'period_start'], name='loyalty_ben_benefit_5bba77_idx'),
        ),
        migrations.AddConstraint(
            model_name='benefitcounter',
            constraint=models.UniqueConstraint(fields=('member', 'benefit', 'period_start'), name='one_benefit_counter'),
        ),
        migrations.AddConstraint(
            model_name='benefitcounter',
            constraint=models.CheckConstraint(condition=models.Q(('used__gte', 0)), name='benefit_uses_above_zero'),
        ),
        migrations.AddIndex(
            model_name='benefithold',
            index=models.Index(condition=models.Q(('state', 'held')), fields=['until'], name='benefit_holds_open'),
        ),
        migrations.AddConstraint(
            model_name='benefituse',
            constraint=models.UniqueConstraint(fields=('hold', 'benefit'), name='benefit_once_per_hold'),
        ),
        migrations.AddConstraint(
            model_name='benefituse',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gt', 0)), name='benefit_use_above_zero'),
        ),
        migrations.AddConstraint(
            model_name='benefituse',
            constraint=models.CheckConstraint(condition=models.Q(('returned__lte', models.F('quantity'))), name='benefit_returns_fit'),
        ),
        migrations.AddConstraint(
            model_name='benefitmove',
            constraint=models.UniqueConstraint(fields=('use', 'kind', 'key'), name='benefit_move_once'),
        ),
        migrations.AddIndex(
            model_name='paidchange',
            index=models.Index(fields=['at'], name='loyalty_pai_at_885da6_idx'),
        ),
        migrations.AddIndex(
            model_name='paidterm',
            index=models.Index(condition=models.Q(('state__in', ['active', 'cancelled'])), fields=['last_day'], name='paid_terms_open'),
        ),
        migrations.AddConstraint(
            model_name='paidterm',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'refunded'), _negated=True), fields=('member', 'plan', 'first_day'), name='one_paid_term_a_day'),
        ),
        migrations.AddConstraint(
            model_name='paidterm',
            constraint=models.CheckConstraint(condition=models.Q(('last_day__gte', models.F('first_day'))), name='paid_term_has_days'),
        ),
    ]
